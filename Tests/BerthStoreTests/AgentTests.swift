import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `Attaching an agent` {
    private func attached(
        _ name: AgentName, pid: Int32, port: Port? = nil, to lease: Lease, _ test: TestStore
    ) async throws -> [String] {
        let process = test.processes.identify(pid) ?? test.processes.start(pid)
        let lease = try await test.store.attach(name, process: process, port: port, to: lease.id, .alice)
        #expect(try await test.now(lease) == lease)
        return lease.agents.map { agent in
            switch agent.state {
            case .reserved: "\(agent.name) \(agent.port) reserved"
            case .running(let process): "\(agent.name) \(agent.port) \(process.pid)"
            case .exited(let process, _): "\(agent.name) \(agent.port) \(process.pid) exited"
            }
        }
    }

    @Test func `puts it on its own port, on the one asked for, or on the next without a name`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(count: 4, agents: ["one", "two"]))
        #expect(
            try await attached("two", pid: 50, to: lease, test) == ["one 20000 reserved", "two 20001 50"])
        #expect(
            try await attached("new", pid: 51, to: lease, test)
                == ["one 20000 reserved", "two 20001 50", "new 20002 51"])
        #expect(
            try await attached("last", pid: 52, port: 20_003, to: lease, test)
                == ["one 20000 reserved", "two 20001 50", "new 20002 51", "last 20003 52"])
    }

    @Test func `replaces the process of a name that starts anew, and may move it`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(count: 3))
        #expect(try await attached("web", pid: 50, to: lease, test) == ["web 20000 50"])
        #expect(try await attached("web", pid: 51, to: lease, test) == ["web 20000 51"])
        #expect(try await attached("web", pid: 51, port: 20_002, to: lease, test) == ["web 20002 51"])
        #expect(try await attached("db", pid: 52, to: lease, test) == ["db 20000 52", "web 20002 51"])
    }

    @Test func `refuses a port outside the block, another agent's, and one too many`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(count: 2, agents: ["one", "two"]))
        let process = test.processes.start(50)
        let before = try test.everything()
        for (name, port) in [("one", 19_999), ("one", 20_002), ("one", 20_001), ("new", 20_000), ("new", nil)]
            as [(AgentName, Port?)]
        {
            #expect(
                await code { try await test.store.attach(name, process: process, port: port, to: lease.id, .alice) }
                    == .invalidField)
        }
        #expect(try test.everything() == before)
    }

    @Test func `is recorded, and so is detaching`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(agents: ["one"]))
        let seq = try test.lastSeq()
        _ = try await attached("one", pid: 50, to: lease, test)
        try await test.store.detach("one", from: lease.id, .alice)
        #expect(try await test.now(lease).agents.isEmpty)
        #expect(
            try test.rows("SELECT event, lease_id, agent, pid FROM audit WHERE seq > \(seq) ORDER BY seq")
                == ["agent.attached|1|one|50", "agent.detached|1|one|"])
        #expect(await code { try await test.store.detach("one", from: lease.id, .alice) } == .notFound)
    }

    @Test func `keeps the whole identity, a PID namespace past 63 bits too`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease()
        for inode in [nil, UInt64.max] {
            let process = ProcessIdentity(
                bootID: BootID("boot-1"), pidNamespace: .max, pid: .max, startTicks: UInt64(Int64.max),
                pidfsInode: inode)
            _ = try await test.store.attach("one", process: process, port: nil, to: lease.id, .alice)
            #expect(try await test.now(lease).agents.map(\.state) == [.running(process)])
        }
    }
}
