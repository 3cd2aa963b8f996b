import BerthCommandLine
import BerthCore
import Foundation
import Glibc
import Testing

@Suite struct `Templates in the configuration file` {
    private static let documented = """
        pools:
          draft: { ports: [20000-20999], max_block: 6 }
        templates:
          fantasy-draft:
            allow: [uid:1000, token:web]
            user: draft
            pool: draft
            ready_seconds: 30
            idle_seconds: 600
            asleep: keep-ports
            card: passthrough
            variables:
              league: { pattern: "[a-z0-9-]{1,40}", default: demo }
              seed: { pattern: "[0-9]+" }
            environment: { LEAGUE: "{league}", PLACE: shared, EMPTY: "" }
            agents:
              commissioner:
                command: [python3, agent.py, --port, "{port}", --league, "{league}", "{{{session}}}"]
                environment: { PEER: "{url:team-1}/x", PLACE: own, NUMBER: 7 }
                working_directory: /srv/draft
                ready: { http: /healthz }
                restart: { policy: always, backoff_seconds: 0.5, max_backoff_seconds: 9 }
                stop: { signal: INT, grace_seconds: 2.5 }
              team-1:
                command: [docker, run, --cidfile, "{cidfile}", -p, "127.0.0.1:{port}:5001", "{port:commissioner}"]
                ready: card
                restart: never
                container: true
              plain:
                command: [a]
        """

    private static func name<Name: CheckedName>(_ text: String, _ type: Name.Type = Name.self) throws -> Name {
        try #require(Name(rawValue: text))
    }

    @Test func `are what they say`() throws {
        let configuration = try Configurations.load(yaml: Self.documented)
        let template = try #require(configuration.templates.first)
        #expect(configuration.templates.count == 1 && template.name.rawValue == "fantasy-draft")
        #expect(template.access == .principals([.user(1000), .token("web")]))
        #expect(template.user == "draft" && template.pool.rawValue == "draft" && template.readySeconds == 30)
        #expect(template.sleep == SleepRule(idleSeconds: 600, ports: .keep) && template.card == .passthrough)
        let other = Self.documented.replacing("asleep: keep-ports", with: "asleep: release-ports")
        #expect(
            try Configurations.load(yaml: other).templates.first?.sleep
                == SleepRule(idleSeconds: 600, ports: .release))
        #expect(template.variables.map(\.name.rawValue) == ["league", "seed"])
        #expect(template.variables.map(\.standard) == ["demo", nil])
        #expect(template.agents.map(\.name.rawValue) == ["commissioner", "team-1", "plain"])
    }

    @Test func `have agents as they say`() throws {
        let template = try #require(try Configurations.load(yaml: Self.documented).templates.first)
        let lead = template.agents[0]
        let league: VariableName = try Self.name("league")
        #expect(
            lead.command == [
                .pieces([.literal("python3")]), .pieces([.literal("agent.py")]), .pieces([.literal("--port")]),
                .pieces([.port(nil)]), .pieces([.literal("--league")]), .variable(league),
                .pieces([.literal("{"), .session, .literal("}")]),
            ])
        #expect(
            lead.environment == [
                "LEAGUE": .variable(league), "EMPTY": .pieces([]), "PLACE": .pieces([.literal("own")]),
                "NUMBER": .pieces([.literal("7")]), "PEER": .pieces([.url(try Self.name("team-1")), .literal("/x")]),
            ])
        #expect(lead.workingDirectory == "/srv/draft" && lead.readiness == .http(path: "/healthz"))
        #expect(lead.restart == RestartRule(policy: .always, backoffSeconds: 0.5, maxBackoffSeconds: 9))
        #expect(lead.stop == StopRule(signal: SIGINT, graceSeconds: 2.5) && !lead.isContainer)
        let container = template.agents[1]
        #expect(container.isContainer && container.readiness == .card && container.restart.policy == .never)
        #expect(container.command[3] == .pieces([.cidfile]))
        #expect(container.command[6] == .pieces([.port(try Self.name("commissioner"))]))
        #expect(container.environment["PLACE"] == .pieces([.literal("shared")]))
    }

    @Test func `have defaults for all but the command`() throws {
        let yaml = "templates: { t: { agents: { a: { command: [x] } } } }"
        let template = try #require(try Configurations.load(yaml: yaml).templates.first)
        #expect(template.access == .administrators && template.user == nil && template.pool == .standard)
        #expect(template.readySeconds == 60 && template.sleep == nil && template.card == .rewrite)
        let agent = try #require(template.agents.first)
        #expect(agent.readiness == .tcp && agent.workingDirectory == nil && agent.environment.isEmpty)
        #expect(agent.restart == RestartRule(policy: .onFailure, backoffSeconds: 1, maxBackoffSeconds: 60))
        #expect(agent.stop == StopRule(signal: SIGTERM, graceSeconds: 10))
        #expect(try Configurations.load(yaml: "templates:\n").templates.isEmpty)
    }

    @Test(arguments: [
        ("everybody", TemplateAccess.everybody), ("[everybody]", .everybody), ("administrators", .administrators),
        ("[administrators]", .administrators), ("[administrators, token:a]", .principals([.token("a")])),
        ("uid:0", .principals([.user(0)])),
    ])
    func `say who may start them`(text: String, access: TemplateAccess) throws {
        let yaml = "templates: { t: { allow: \(text), agents: { a: { command: [x] } } } }"
        #expect(try Configurations.load(yaml: yaml).templates.first?.access == access)
    }

    @Test func `are all told that are wrong, in the file's order`() throws {
        let yaml = """
            templates:
              one:
                card: sometimes
                agents:
                  a: { command: ["{league}"], working_directory: here }
                  b: { comand: [x] }
              two:
                pool: nowhere
                agents: { a: { command: [x] } }
            """
        let complaint = try #require(Configurations.complaint { try Configurations.load(yaml: yaml) })
        let lines = complaint.split(separator: "\n").map(String.init)
        #expect(
            lines.map { $0.prefix { $0 != ":" } }.map(String.init) == [3, 5, 5, 6, 6, 8].map { "/b.yaml, line \($0)" })
        #expect(lines.last?.contains("there is no pool 'nowhere'; there are: default") == true)
    }

    @Test(arguments: ["berth.yaml", "fantasy-draft/berth.yaml"])
    func `of the examples are fine`(name: String) throws {
        let examples = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../tools/examples")
        let text = try String(contentsOf: examples.appending(path: name), encoding: .utf8)
        let templates = try Configurations.load(yaml: text).templates
        #expect(templates.map(\.name.rawValue) == ["fantasy-draft"])
    }

    // MARK: Whom agents run as

    private static func users(_ yaml: String, daemon: UInt32) throws -> String? {
        let configuration = try Configurations.load(yaml: yaml)
        return Configurations.complaint {
            try configuration.checkTemplateUsers(daemonUser: daemon) { name throws(BerthError) in
                ["draft": 1000, "root": 0][name]
            }
            return configuration
        }
    }

    @Test(
        arguments: [
            ("", 0, 2, "needs 'user:'"), ("user: root", 0, 3, "agents do not run as root"),
            ("user: nobody-there", 0, 3, "there is no user 'nobody-there'"),
            ("user: draft", 1001, 3, "only a daemon that runs as root"),
            ("user: ghost", 1001, 3, "there is no user 'ghost'"),
        ] as [(String, UInt32, Int, String)])
    func `must name a user that this daemon can start them as`(user: String, daemon: UInt32, line: Int, words: String)
        throws
    {
        let yaml = "templates:\n  t:\n    \(user)\n    agents: { a: { command: [x] } }"
        let complaint = try #require(try Self.users(yaml, daemon: daemon))
        #expect(complaint.hasPrefix("/b.yaml, line \(line): ") && complaint.contains(words), "\(complaint)")
    }

    @Test(
        arguments: [("user: draft", 0, false), ("user: draft", 1000, true), ("", 1000, true)]
            as [(String, UInt32, Bool)])
    func `have containers where the daemon's user is theirs`(user: String, daemon: UInt32, isFine: Bool) throws {
        let yaml = "templates:\n  t:\n    \(user)\n    agents: { a: { command: [x, \"{cidfile}\"], container: true } }"
        let complaint = try Self.users(yaml, daemon: daemon)
        #expect((complaint == nil) == isFine)
        if !isFine { #expect(complaint?.contains("the container 'a' would write its id") == true) }
    }

    @Test(arguments: [("user: draft", 0), ("user: draft", 1000), ("", 1000)] as [(String, UInt32)])
    func `are fine with the user that they are to run as`(user: String, daemon: UInt32) throws {
        let yaml = "templates:\n  t:\n    \(user)\n    agents: { a: { command: [x] } }"
        #expect(try Self.users(yaml, daemon: daemon) == nil)
    }
}
