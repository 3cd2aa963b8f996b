import BerthAPI
import BerthCommandLine
import BerthCore
import FoundationEssentials
import Testing

@Suite struct `Telling sessions of templates` {
    private let plain = TerminalStyle(isTerminal: false, environment: [:])
    private let now = Instant(milliseconds: 1_795_500_000_000)

    private var agents: [SessionAgentResource] {
        [
            SessionAgentResource(
                name: "commissioner", port: 20_010, url: "http://127.0.0.1:8080/s/alice/commissioner/", pid: 4242,
                state: "running"),
            SessionAgentResource(name: "team-1", port: nil, url: nil, pid: nil, state: "reserved"),
        ]
    }

    private func session(_ name: String, _ made: TemplateMembers?) throws -> SessionResource {
        let name = try #require(SessionName(rawValue: name))
        return SessionResource(
            Session(
                name: name, principal: .user(1000), createdAt: now.advanced(byMilliseconds: -60_000), endedAt: nil,
                leases: 1, ports: 2, row: 1), made)
    }

    private var made: TemplateMembers {
        TemplateMembers(template: "fantasy-draft", phase: "running", leaseID: 17, agents: agents)
    }

    @Test func `lists them with their templates and agents`() throws {
        let sessions = [try session("alice", made), try session("bob", nil)]
        #expect(
            TextTable.madeSessions(sessions, now: now).text(plain) == """
                SESSION  TEMPLATE       PHASE    AGENTS  PORTS  PRINCIPAL  STARTED
                alice    fantasy-draft  running  1/2         2  uid:1000   1m ago
                bob      -              active   -           2  uid:1000   1m ago

                """)
    }

    @Test func `shows where the agents are`() {
        #expect(
            TextTable.agents(agents).text(plain) == """
                AGENT          PORT   PID  STATE     URL
                commissioner  20010  4242  running   http://127.0.0.1:8080/s/alice/commissioner/
                team-1            -     -  reserved  -

                """)
    }

    @Test func `reads what the API writes`() throws {
        for made in [made, nil] {
            let session = try session("alice", made)
            let bytes = try JSONEncoder().encode(session)
            #expect(try JSONDecoder().decode(SessionResource.self, from: bytes) == session)
            for token in ["secret", nil] {
                let started = StartedSession(session, token: token)
                let bytes = try JSONEncoder().encode(started)
                #expect(try JSONDecoder().decode(StartedSession.self, from: bytes) == started)
            }
        }
        let catalogue = AgentCatalogue(session: "alice", agents: agents)
        #expect(
            try JSONDecoder().decode(AgentCatalogue.self, from: try JSONEncoder().encode(catalogue)) == catalogue)
        #expect(catalogue.agents.map(\.cardURL?.count) == [70, nil])
    }

    /// The members of an object.
    private func members(_ value: some Encodable) throws -> Set<String> {
        Set(try JSONDecoder().decode([String: Anything].self, from: try JSONEncoder().encode(value)).keys)
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    @Test func `writes members of a template only where there is one`() throws {
        let usual: Set = ["name", "state", "principal", "created_at", "ended_at", "leases", "ports"]
        #expect(try members(try session("alice", nil)) == usual)
        let more: Set = ["template", "phase", "lease_id", "agents", "agent_urls"]
        #expect(try members(try session("alice", made)) == usual.union(more))
        let asleep = TemplateMembers(template: "t", phase: nil, leaseID: nil, agents: [])
        #expect(try members(StartedSession(try session("a", asleep), token: nil)) == usual.union(more).union(["token"]))
    }

    @Test(arguments: [RequestedTTL.byDefault, .never, .seconds(60)])
    func `asks for what was wished`(ttl: RequestedTTL) throws {
        let request = SessionRequest(
            session: try #require(SessionName(rawValue: "alice")),
            template: try #require(TemplateName(rawValue: "fantasy-draft")), variables: ["league": "demo"], ttl: ttl)
        let bytes = try JSONEncoder().encode(request)
        #expect(try JSONDecoder().decode(SessionRequest.self, from: bytes) == request)
    }

    @Test func `reads variables of the command line`() throws {
        let read = ["a=b", "a=", "a=b=c", "a", "=b", "A=b", "port=1", ""].map(VariableArgument.init)
        #expect(read.map { $0?.value } == ["b", "", "b=c", nil, nil, nil, nil, nil])
        let twice = [read[0], read[1]].compactMap(\.self)
        #expect(throws: UsageError.self) { try VariableArgument.values(twice) }
        #expect(try VariableArgument.values([twice[0]]) == ["a": "b"])
    }
}
