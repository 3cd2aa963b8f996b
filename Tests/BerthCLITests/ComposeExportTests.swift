import BerthAPI
import BerthCommandLine
import Testing

@Suite struct `Giving Compose a lease's ports` {
    private func export(_ session: String, ports: [Int] = [20_000, 20_001], agents: [String] = []) -> ComposeExport {
        ComposeExport(
            LeaseResource(
                id: 17, session: session, name: nil, pool: "default", firstPort: ports[0], count: ports.count,
                ports: ports, state: "active", principal: "uid:1000", owner: nil,
                agents: zip(agents, ports).map { AgentResource(name: $0, port: $1, state: "reserved", pid: nil) },
                labels: [:], pinned: false, createdAt: "", renewedAt: "", expiresAt: nil, endedAt: nil,
                endReason: nil))
    }

    @Test func `writes what berth run sets, and a name for the project`() {
        let lines = export("alice").environment.split(separator: "\n")
        #expect(lines.contains("USER_PORT_1=20000") && lines.contains("USER_PORT_2=20001"))
        #expect(lines.contains("BERTH_PORTS=\"20000 20001\"") && lines.last == "COMPOSE_PROJECT_NAME=berth-alice")
    }

    @Test func `publishes a port for each service that is named`() throws {
        let web = try #require(ComposeExport.Service("web.1=8080"))
        #expect(
            export("alice").override([web]) == """
                # Session alice. Keep its containers apart from others' with: -p berth-alice
                services:
                  "web.1":
                    ports:
                      - "127.0.0.1:20000:8080"

                """)
    }

    @Test func `publishes a port for each agent where no service is named`() {
        let text = export("alice", agents: ["team-1"]).override([])
        #expect(text.contains("  \"team-1\":\n    ports:\n      - \"127.0.0.1:20000:5001\"\n"))
        #expect(text.contains("  \"agent_2\":\n    ports:\n      - \"127.0.0.1:20001:5001\"\n"))
    }

    @Test(arguments: [
        "", "web", "=1", "web=", "web=0", "web=65536", "web=-1", "a b=1", "a\n=1", "a\"=1", "é=1", "a=1=2",
    ])
    func `takes nothing else for a service`(text: String) {
        #expect(ComposeExport.Service(text) == nil)
    }

    @Test(arguments: [
        ("alice", "berth-alice"), ("a_b-1", "berth-a_b-1"), ("Alice", "berth-alice-"),
        ("a/b@c:1.2", "berth-a-b-c-1-2-"),
        ("a-1a2b3c4d", "berth-a-1a2b3c4d-"),
        (String(repeating: "a", count: 49), "berth-" + String(repeating: "a", count: 48) + "-"),
    ])
    func `names a project after each session`(session: String, head: String) {
        let project = export(session).project
        #expect(project.hasPrefix(head) && project.wholeMatch(of: /[a-z0-9][a-z0-9_-]{0,62}/) != nil)
        #expect(project == head || project.count == head.count + 8)
    }

    @Test func `names no two projects alike`() {
        let sessions = ["alice", "Alice", "ALICE", "a/b", "a-b", "a.b", "a_b", "a:b"]
        #expect(Set(sessions.map { export($0).project }).count == sessions.count)
        let name = export("Alice").project
        #expect(export(String(name.dropFirst("berth-".count))).project != name)
    }
}
