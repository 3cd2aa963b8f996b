import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `The death of a process` {
    /// A lease with a live owner, and agents of these names with live processes.
    private func held(_ test: TestStore, owner: Int32 = 40, agents: [AgentName] = []) async throws -> Lease {
        let process = test.processes.identify(owner) ?? test.processes.start(owner)
        var lease = try await test.lease(Wish(count: 3, ttl: nil, owner: process))
        for (pid, name) in zip(Int32(50)..., agents) {
            lease = try await test.store.attach(
                name, process: test.processes.start(pid), port: nil, to: lease.id, .alice)
        }
        return lease
    }

    private func record(
        _ deaths: [Death], in lease: Lease, _ test: TestStore, isRehearsal: Bool = false
    ) async throws -> [DeathOutcome] {
        try await test.store.recordDeaths([(lease.id, deaths)], isRehearsal: isRehearsal, .daemon)
    }

    @Test func `of the owner orphans a lease without live agents`() async throws {
        let test = try await TestStore.open()
        let lease = try await held(test)
        let owner = try #require(lease.owner)
        let seq = try test.lastSeq()
        let outcome = try await record([Death(owner, .event)], in: lease, test)
        #expect(outcome.map(\.ended?.end) == [.orphaned])
        #expect(try await test.now(lease).end == .orphaned)
        #expect(try await test.ports(.quarantined) == ["20000-20002"])
        #expect(
            try test.events(after: seq) == ["owner.exited", "lease.orphaned", "port.quarantined", "session.ended"])
        let reasons = try test.rows("SELECT reason, pid FROM audit WHERE event = 'owner.exited'")
        #expect(reasons.first?.contains("PID 40, started") == true)
        #expect(reasons.first?.hasSuffix("has ended: its pidfd told|40") == true)
    }

    @Test func `of the owner leaves a lease to its live agents, and the last of them ends it`() async throws {
        let test = try await TestStore.open()
        let lease = try await held(test, agents: ["one", "two"])
        let owner = try #require(lease.owner)
        #expect(try await record([Death(owner, .event)], in: lease, test).map(\.ended) == [nil])
        var now = try await test.now(lease)
        #expect(now.isActive && now.ownerExitedAt == test.clock.now().wall && now.liveProcesses.count == 2)
        let (one, two) = (now.liveProcesses[0], now.liveProcesses[1])
        #expect(try await record([Death(two, .event)], in: lease, test).map(\.ended) == [nil])
        now = try await test.now(lease)
        #expect(now.agents.map(\.state) == [.running(one), .exited(two, at: test.clock.now().wall)])
        let last = try await record([Death(one, .look)], in: lease, test)
        #expect(last.map(\.ended?.end) == [.orphaned])
        let why = try test.rows("SELECT end_reason FROM leases")
        #expect(why.first?.hasPrefix("its last process has ended: agent one PID 50") == true)
    }

    @Test func `of an agent is no more than that in a lease that its TTL holds`() async throws {
        let test = try await TestStore.open()
        var lease = try await test.lease(Wish())
        lease = try await test.store.attach("one", process: test.processes.start(50), port: nil, to: lease.id, .alice)
        let process = try #require(lease.liveProcesses.first)
        #expect(try await record([Death(process, .event)], in: lease, test).map(\.ended) == [nil])
        let now = try await test.now(lease)
        #expect(now.isActive && now.agents.map(\.state) == [.exited(process, at: test.clock.now().wall)])
    }

    @Test func `that is told twice, or of a process that the lease no longer has, changes nothing`() async throws {
        let test = try await TestStore.open()
        let lease = try await held(test, agents: ["one"])
        let (owner, former) = (try #require(lease.owner), try #require(lease.liveProcesses.last))
        // The name got a new process, and the old one's death comes late.
        _ = try await test.store.attach("one", process: test.processes.start(60), port: nil, to: lease.id, .alice)
        let before = try test.lastSeq()
        #expect(try await record([Death(former, .event)], in: lease, test).isEmpty)
        #expect(try test.lastSeq() == before)
        #expect(try await record([Death(owner, .event)], in: lease, test).count == 1)
        #expect(try await record([Death(owner, .event)], in: lease, test).isEmpty)
        #expect(try test.events(after: before) == ["owner.exited"])
    }

    @Test func `of another process that had the same PID changes nothing`() async throws {
        let test = try await TestStore.open()
        let lease = try await held(test)
        test.processes.end(40)
        let stranger = test.processes.start(40)
        #expect(try await record([Death(stranger, .event)], in: lease, test).isEmpty)
        #expect(try await test.now(lease).isActive)
    }

    @Test func `in a rehearsal is answered and not written`() async throws {
        let test = try await TestStore.open()
        let lease = try await held(test)
        let owner = try #require(lease.owner)
        let before = try test.everything()
        let rehearsed = try await record([Death(owner, .look)], in: lease, test, isRehearsal: true)
        #expect(try test.everything() == before)
        #expect(try await record([Death(owner, .look)], in: lease, test) == rehearsed)
        // The chain goes on from the real one.
        #expect(await code { try await test.restarted() } == nil)
    }

    @Test func `of the owner makes detaching the last agent the lease's end`() async throws {
        let test = try await TestStore.open()
        let lease = try await held(test, agents: ["one"])
        #expect(try await test.store.detach("one", from: lease.id, .alice) == nil)
        #expect(try await test.now(lease).isActive)
        _ = try await test.store.attach("one", process: test.processes.start(61), port: nil, to: lease.id, .alice)
        _ = try await record([Death(try #require(lease.owner), .event)], in: lease, test)
        #expect(try await test.store.detach("one", from: lease.id, .alice)?.end == .orphaned)
        #expect(try await test.now(lease).end == .orphaned)
    }

    @Test func `that came with the end of a boot is recorded at the next start`() async throws {
        let test = try await TestStore.open()
        let held = try await held(test, agents: ["one"])
        var timed = try await test.lease(Wish(session: "bob", first: 20_010))
        timed = try await test.store.attach("one", process: test.processes.start(70), port: nil, to: timed.id, .alice)
        let again = try await test.restarted { test.clock.reboot(as: BootID("boot-2"), down: 1000) }
        #expect(try await again.now(held).end == .orphaned)
        let after = try await again.now(timed)
        #expect(after.isActive && after.liveProcesses.isEmpty)
        let reasons = try again.rows("SELECT DISTINCT substr(reason, -36) FROM audit WHERE event LIKE '%.exited'")
        #expect(reasons == ["ended: the host was started anew since"].map { String($0.suffix(36)) })
    }

    @Test func `keeps a port's rest explained across a restart`() async throws {
        let test = try await TestStore.open()
        let lease = try await held(test)
        _ = try await record([Death(try #require(lease.owner), .event)], in: lease, test)
        let again = try await test.restarted()
        let port = try #require(try await again.store.port(20_001))
        #expect(port.state == .quarantined && port.lastLease == lease.id)
        #expect(port.restsSince == test.clock.now().wall)
        #expect(port.restReason?.hasPrefix("lease 1 orphaned: its last process has ended: owner PID 40") == true)
    }

    @Test func `of an owner that is an agent too is noted once for each`() async throws {
        let test = try await TestStore.open()
        let process = test.processes.start(40)
        let lease = try await test.lease(Wish(ttl: nil, owner: process))
        _ = try await test.store.attach("self", process: process, port: nil, to: lease.id, .alice)
        let deaths = [Death(process, .event), Death(process, .look)]
        let outcome = try await record(deaths, in: lease, test)
        #expect(outcome.first?.exits.map(\.name) == ["owner", "agent self"])
        #expect(outcome.first?.ended?.end == .orphaned)
    }
}
