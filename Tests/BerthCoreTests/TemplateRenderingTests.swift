import BerthCore
import BerthTestSupport
import Testing

@Suite struct `Templates, filled in` {
    private static func template(
        _ agents: [AgentTemplate], variables: [TemplateVariable] = []
    ) -> SessionTemplate {
        SessionTemplate(
            name: "draft", agents: agents, pool: .standard, access: .administrators, variables: variables, user: nil,
            readySeconds: 60, sleep: nil, card: .rewrite)
    }

    private static func agent(
        _ name: AgentName, _ command: [TemplateText], _ environment: [String: TemplateText] = [:],
        isContainer: Bool = false
    ) -> AgentTemplate {
        AgentTemplate(
            name: name, command: command, environment: environment, workingDirectory: nil, readiness: .tcp,
            restart: RestartRule(policy: .never, backoffSeconds: 1, maxBackoffSeconds: 1),
            stop: StopRule(signal: 15, graceSeconds: 1), isContainer: isContainer)
    }

    private static func rendered(
        _ template: SessionTemplate, _ given: [String: String] = [:]
    ) throws(BerthError) -> [RenderedAgent] {
        let values = try TemplateValues(template, given: given)
        return try TemplateRendering(
            template, session: "alice/1", lease: 17, block: .of(20_010, template.agents.count), values: values
        ).agents { "/run/\($0).cid" }
    }

    @Test func `give each agent its port, its peers and its variables`() throws {
        let template = Self.template(
            [
                Self.agent(
                    "lead", [.pieces([.literal("serve")]), .pieces([.literal("--port="), .port(nil)])],
                    ["PEER": .pieces([.url("team-1"), .literal("/")]), "LEAGUE": .variable("league")]),
                Self.agent(
                    "team-1", [.pieces([.literal("docker")]), .pieces([.cidfile]), .variable("league")],
                    ["OF": .pieces([.session, .literal(":"), .port("lead")]), "PORT_1": .pieces([.literal("mine")])],
                    isContainer: true),
            ], variables: [TemplateVariable(name: "league", pattern: "[a-z]+", standard: "demo")])
        let agents = try Self.rendered(template, ["league": "major"])
        #expect(agents.map(\.port) == [20_010, 20_011])
        #expect(agents.map(\.arguments) == [["serve", "--port=20010"], ["docker", "/run/team-1.cid", "major"]])
        let lead = try #require(agents.first?.environment)
        #expect(
            lead == [
                "PORT": "20010", "HOST": "127.0.0.1", "BERTH_SESSION": "alice/1", "BERTH_LEASE": "17",
                "BERTH_AGENT": "lead", "BERTH_PORTS": "20010 20011", "PORT_1": "20010", "PORT_2": "20011",
                "USER_PORT_1": "20010", "USER_PORT_2": "20011", "LEAD_PORT": "20010", "TEAM_1_PORT": "20011",
                "PEER": "http://127.0.0.1:20011/", "LEAGUE": "major",
            ])
        // What the template says beats what Berth would.
        #expect(agents.last?.environment["PORT_1"] == "mine" && agents.last?.environment["PORT"] == "20011")
        #expect(agents.last?.environment["OF"] == "alice/1:20010")
        #expect(try Self.rendered(template).last?.arguments.last == "demo")
    }

    @Test func `need a block of their size`() throws {
        let template = Self.template([Self.agent("one", [.pieces([.literal("a")])])])
        let values = try TemplateValues(template, given: [:])
        let error = #expect(throws: BerthError.self) {
            try TemplateRendering(template, session: "s", lease: 1, block: .of(20_000, 2), values: values)
        }
        #expect(error?.code == .internal)
    }

    @Test func `tell every variable that is wrong`() {
        let template = Self.template(
            [Self.agent("one", [.pieces([.literal("a")]), .variable("mode")])],
            variables: [
                TemplateVariable(name: "league", pattern: "[a-z]+", standard: nil),
                TemplateVariable(name: "mode", pattern: ".*", standard: nil),
                TemplateVariable(name: "other", pattern: ".*", standard: "x"),
            ])
        let error = #expect(throws: BerthError.self) {
            try TemplateValues(template, given: ["mode": "--unsafe", "laegue": "a", "other": "fine"])
        }
        #expect(error?.code == .invalidField)
        #expect(error?.fields.map(\.field) == ["variables.laegue", "variables.league", "variables.mode"])
    }

    @Test(arguments: [
        ("[a-z0-9-]{1,4}", "ab-1", true), ("[a-z0-9-]{1,4}", "ab-12", false), ("[a-z0-9-]{1,4}", "", false),
        ("a|ab", "ab", true), ("[a-z]+", "a\nb", false), (".*", "a\nb", false), (".*", "a\u{0}", false),
        ("(?s).*", "a\u{2028}b", false), (".*", "\u{1b}[31m", false), (".*", "-x", false), ("-.*", "-x", true),
        ("^-[a-z]", "-x", true), ("\\-x", "-x", true), ("[-a-z]+", "-x", false), ("(-x)?", "-x", false),
        // A letter and an accent behind it are two scalars, and the accent is no letter of these.
        ("[a-z]+", "e\u{301}", false), ("\\d+", "12", true), ("\\d+", "\u{661}", false), ("\\w+", "é", false),
        (".*", String(repeating: "a", count: 1024), true), (".*", String(repeating: "a", count: 1025), false),
        ("(", "a", false),
    ])
    func `take a value as an argument`(pattern: String, value: String, isTaken: Bool) {
        let variable = TemplateVariable(name: "v", pattern: pattern, standard: nil)
        #expect((variable.refusal(of: value, isArgument: true) == nil) == isTaken)
    }

    @Test func `let a dash lead where no program takes it for an option`() {
        let variable = TemplateVariable(name: "v", pattern: "[-a-z]+", standard: nil)
        #expect(variable.refusal(of: "-x", isArgument: true) != nil)
        #expect(variable.refusal(of: "-x", isArgument: false) == nil)
    }
}
