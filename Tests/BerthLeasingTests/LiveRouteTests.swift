import BerthCore
import BerthLeasing
import BerthRouter
import BerthStore
import BerthTestSupport
import Synchronization
import Testing

@Suite struct `The routes in memory` {
    private let administrator = ChangeContext(caller: .administrator)

    private func port(_ agent: AgentName, _ session: SessionName, _ test: TestManager) -> Port? {
        guard let found = test.manager.routes.session(.name(session)),
            case .route(let route) = test.manager.routes.route(agent, of: found)
        else { return nil }
        return route.port
    }

    @Test func `lead to the agents of live leases, from the grant to the end`() async throws {
        let test = try await TestManager.start()
        let ended = Mutex<[LeaseID]>([])
        let routes = test.manager.routes
        routes.followEndings { lease in
            // By the time that anybody hears of it, it is not live any more.
            if !routes.isLive(lease) { ended.withLock { $0.append(lease) } }
        }
        let lease = try await test.lease("alice", 2) { $0.agents = ["planner", "critic"] }
        #expect(port("critic", "alice", test) == Port(lease.block.first.number + 1))
        #expect(port("nobody", "alice", test) == nil)
        #expect(routes.isLive(lease.id))
        try await test.release(lease)
        #expect(!routes.isLive(lease.id) && routes.session(.name("alice")) == nil)
        #expect(ended.withLock { $0 } == [lease.id])
    }

    @Test func `are read from the rows at a start`() async throws {
        var test = try await TestManager.start()
        let kept = try await test.lease("alice", 1) { $0.agents = ["planner"] }
        let gone = try await test.lease("bob", 1) { $0.agents = ["planner"] }
        try await test.release(gone)
        let session = test.manager.routes.session(.name("alice"))
        test = try await test.restarted()
        #expect(test.manager.routes.session(.name("alice")) == session && session != nil)
        #expect(port("planner", "alice", test) == kept.block.first)
        #expect(test.manager.routes.session(.name("bob")) == nil && !test.manager.routes.isLive(gone.id))
    }

    @Test func `follow the agents that are attached and detached`() async throws {
        let test = try await TestManager.start()
        let lease = try await test.lease("alice", 2)
        #expect(test.manager.routes.session(.name("alice")) == nil)
        test.processes.start(41)
        _ = try await test.manager.attach("late", .pid(41), port: nil, to: lease.id, administrator)
        #expect(port("late", "alice", test) == lease.block.first)
        _ = try await test.manager.attach(
            "late", .pid(41), port: Port(lease.block.first.number + 1), to: lease.id, administrator)
        #expect(port("late", "alice", test) == Port(lease.block.first.number + 1))
        try await test.manager.detach("late", from: lease.id, administrator)
        #expect(port("late", "alice", test) == nil && test.manager.routes.isLive(lease.id))
    }

    @Test func `look through all leases of a session, the oldest first, and by its label`() async throws {
        let test = try await TestManager.start()
        let first = try await test.lease("team/alice", 1) { $0.agents = ["planner"] }
        let second = try await test.lease("team/alice", 2) { $0.agents = ["planner", "critic"] }
        #expect(port("planner", "team/alice", test) == first.block.first)
        #expect(port("critic", "team/alice", test) == Port(second.block.first.number + 1))
        let label = SessionLabel("team/alice").description
        #expect(test.manager.routes.session(.label(label))?.name == "team/alice")
        try await test.release(first)
        #expect(port("planner", "team/alice", test) == second.block.first)
    }

    @Test func `tell a session from an earlier one of the same name`() async throws {
        let test = try await TestManager.start()
        let lease = try await test.lease("alice", 1) { $0.agents = ["planner"] }
        let earlier = try #require(test.manager.routes.session(.name("alice")))
        try await test.release(lease)
        try await test.lease("alice", 1) { $0.agents = ["planner"] }
        let later = try #require(test.manager.routes.session(.name("alice")))
        #expect(later.row > earlier.row)
        #expect(test.manager.routes.route("planner", of: earlier) == .noAgent)
    }

    @Test func `let nothing through to a suspended lease, and suspend none with a request under way`() async throws {
        let test = try await TestManager.start()
        let lease = try await test.lease("alice", 1) { $0.agents = ["planner"] }
        let (routes, start) = (test.manager.routes, test.clock.now().boot)
        test.clock.advance(milliseconds: 10)
        #expect(routes.begin(lease.id))
        #expect(routes.traffic(of: lease.id)?.inFlight == 1)
        #expect(!routes.suspend(lease.id, idleSince: test.clock.now().boot))
        routes.finish(lease.id)
        #expect(!routes.suspend(lease.id, idleSince: start))
        #expect(routes.suspend(lease.id, idleSince: test.clock.now().boot))
        #expect(!routes.begin(lease.id))
        let session = try #require(routes.session(.name("alice")))
        #expect(routes.route("planner", of: session) == .asleep)
        routes.resume(lease.id)
        #expect(routes.begin(lease.id))
        #expect(port("planner", "alice", test) == lease.block.first)
    }

    /// Says that it does not wake.
    private struct Waker: SessionWaker {
        func wake(_ session: RoutedSession, for agent: AgentName) async throws(BerthError) {
            throw BerthError(.agentUnreachable, "\(session.name) does not wake")
        }
    }

    @Test func `know of a session that sleeps without a lease, until it has one again or ends`() async throws {
        var test = try await TestManager.start()
        let start = TemplateStart(template: "draft", variables: [:])
        let label = SessionLabel("team/alice").description
        func lease() async throws -> Lease {
            try await test.lease("team/alice", 1) {
                ($0.name, $0.agents, $0.template) = (start.leaseName, ["planner"], start)
            }
        }
        func release(_ lease: Lease, _ session: RoutedSession) async throws -> Bool {
            try await test.manager.sleep(
                session.row, releasing: lease.id, from: [.starting, .running], reason: "idle")
        }
        let first = try await lease()
        let session = try #require(test.manager.routes.session(.name("team/alice")))
        #expect(port("planner", "team/alice", test) == first.block.first)
        #expect(try await release(first, session))
        #expect(!test.manager.routes.isLive(first.id))
        test.manager.routes.wakeThrough(Waker())
        await #expect(throws: BerthError.self) { try await test.manager.routes.wake(session, for: "planner") }
        for _ in 0..<2 {
            #expect(test.manager.routes.session(.name("team/alice")) == session)
            #expect(test.manager.routes.session(.label(label)) == session)
            #expect(test.manager.routes.route("planner", of: session) == .asleep)
            // The next daemon knows it from the rows.
            test = try await test.restarted()
        }
        let next = try await lease()
        // Its agents have not started yet.
        #expect(test.manager.routes.route("planner", of: session) == .asleep)
        #expect(!test.manager.routes.begin(next.id))
        test.manager.routes.resume(next.id)
        #expect(port("planner", "team/alice", test) == next.block.first)
        #expect(try await release(next, session))
        // A lease of its own that has agents does not wake it.
        let own = try await test.lease("team/alice", 1) { $0.agents = ["critic"] }
        #expect(port("critic", "team/alice", test) == own.block.first)
        #expect(test.manager.routes.route("planner", of: session) == .asleep)
        try await test.release(own)
        #expect(test.manager.routes.session(.label(label)) == session)
        #expect(try await test.manager.endSleeper(session.row, administrator))
        #expect(test.manager.routes.session(.name("team/alice")) == nil)
        #expect(test.manager.routes.session(.label(label)) == nil)
    }
}
