import BerthCore
import BerthLeasing
import BerthRouter
import BerthStore
import BerthTestSupport
import Synchronization
import Testing

@testable import BerthSessions

@Suite struct `A session whose template gives its ports back` {
    private func code<Value>(_ body: () async throws -> Value) async -> ErrorCode? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? BerthError)?.code
        }
    }

    /// Everything of the pool, for bob.
    private func fill(_ world: SessionWorld) async throws -> Lease {
        let reply = try await world.manager.lease(
            GrantRequest(session: "bob", count: 6), ChangeContext(caller: .bob))
        guard case .created(let lease) = reply else { throw SessionWorld.Unrouted() }
        return lease
    }

    @Test func `has its agents stopped before its lease is released, and started on the next one`() async throws {
        let world = try await SessionWorld.start()
        let started = try await world.start("alice")
        let first = try #require(world.port("one"))
        await world.idle(9)
        #expect(try await world.phase() == .running)
        await world.idle()
        #expect(try await world.phase() == .asleep)
        #expect(world.launcher.running.isEmpty && world.launcher.stops.count == 2)
        #expect(try await world.session().leases == 0 && world.port("one") == nil)
        let view = try #require(try await world.keeper.describe("alice", for: .alice))
        #expect(view.lease == nil && view.agents.map(\.url) == ["router/alice/one", "router/alice/two"])

        let other = try await world.manager.lease(
            GrantRequest(session: "bob", count: 2, placement: .exactly(first)), ChangeContext(caller: .bob))
        guard case .created = other else {
            Issue.record("the port is free")
            return
        }
        let routed = try world.routed()
        #expect(await code { try await world.manager.routes.wake(routed, for: "nobody") } == .notFound)
        #expect(try await world.phase() == .asleep)
        #expect(world.launcher.running.isEmpty)
        try await world.manager.routes.wake(routed, for: "one")
        #expect(try await world.phase() == .running)
        #expect(world.port("one") != nil && world.port("one") != first)
        #expect(world.launcher.running.map { $0.order.environment["PORT"] }.count == 2)
        #expect(try await world.session().row == started.session.row)
        #expect(try await world.store.verify().problem == nil)
    }

    @Test func `is woken once, however many ask`() async throws {
        let world = try await SessionWorld.start()
        try await world.start("alice")
        await world.idle()
        let routed = try world.routed()
        await withTaskGroup { group in
            for number in 0..<20 {
                group.addTask {
                    do {
                        if number.isMultiple(of: 5) {
                            let started = try await world.start("alice")
                            #expect(started.kind == .existing && started.view.phase == .running)
                        } else {
                            try await world.manager.routes.wake(routed, for: "one")
                        }
                    } catch {
                        Issue.record(error)
                    }
                }
            }
        }
        #expect(world.launcher.running.count == 2 && world.launcher.starts.count == 4)
        #expect(try await world.session().leases == 1 && world.port("two") != nil)
        // It falls asleep again, though nobody asked for this lease yet.
        await world.idle()
        #expect(try await world.phase() == .asleep)
    }

    @Test func `sleeps on where its agents do not start, and keeps nothing`() async throws {
        let world = try await SessionWorld.start()
        try await world.start("alice")
        await world.idle()
        let routed = try world.routed()
        world.launcher.refuse { _ in "no such program" }
        #expect(await code { try await world.manager.routes.wake(routed, for: "one") } == .agentFailed)
        #expect(await code { try await world.start("alice") } == .agentFailed)
        #expect(try await world.session().template?.rest != nil)
        #expect(try await world.session().leases == 0 && world.launcher.running.isEmpty)
        world.launcher.refuse { _ in nil }
        try await world.manager.routes.wake(routed, for: "one")
        #expect(world.launcher.running.count == 2 && world.port("one") != nil)
        #expect(try await world.store.verify().problem == nil)
    }

    @Test func `waits in line for ports, and is woken once there are any`() async throws {
        let world = try await SessionWorld.start()
        try await world.start("alice")
        await world.idle()
        let all = try await fill(world)
        let routed = try world.routed()
        #expect(await code { try await world.start("alice") } == .poolExhausted, "who does not wait is told at once")
        let waking = Task { try await world.manager.routes.wake(routed, for: "one") }
        #expect(try await eventually { try await !world.store.waitingTickets(limit: 5).isEmpty })
        let ticket = try #require(try await world.store.waitingTickets(limit: 5).first)
        #expect(ticket.principal == .user(1000) && ticket.request.wakes == routed.row)
        #expect(try await world.phase() == .asleep)
        // A second request waits for the same.
        let second = Task { try await world.manager.routes.wake(routed, for: "one") }
        try await world.manager.release(all.id, reason: "done", ChangeContext(caller: .bob))
        try await world.manager.serveLine()
        try await waking.value
        try await second.value
        #expect(world.port("one") != nil && world.launcher.starts.count == 4)
    }

    @Test func `sleeps on when its wait is over, and ends when it is ended while it waits`() async throws {
        let world = try await SessionWorld.start()
        try await world.start("alice")
        await world.idle()
        _ = try await fill(world)
        let routed = try world.routed()
        let waking = Task { try await world.manager.routes.wake(routed, for: "one") }
        #expect(try await eventually { try await !world.store.waitingTickets(limit: 5).isEmpty })
        world.clock.advance(milliseconds: 2_900)
        world.clock.advance(milliseconds: 2_900)
        try await world.manager.tidyLine(at: world.clock.now().boot)
        try await eventuallyEnds(world)
        #expect(await code { try await waking.value } == .poolExhausted)
        #expect(try await world.phase() == .asleep)

        let again = Task { try await world.manager.routes.wake(routed, for: "one") }
        #expect(try await eventually { try await !world.store.waitingTickets(limit: 5).isEmpty })
        try await world.keeper.end("alice", ChangeContext(caller: .alice))
        #expect(await code { try await again.value } != nil)
        #expect(try await world.session().endedAt != nil)
        #expect(world.manager.routes.session(.name("alice")) == nil)
        // Whoever asks now finds nothing to wake, and looks again.
        #expect(await code { try await world.manager.routes.wake(routed, for: "one") } == nil)
        #expect(world.launcher.running.isEmpty)
        #expect(try await world.store.verify().problem == nil)
    }

    /// A gap was forgiven to who waits, or not: the ticket's time runs out in the end.
    private func eventuallyEnds(_ world: SessionWorld) async throws {
        for _ in 0..<20 where try await !world.store.waitingTickets(limit: 5).isEmpty {
            world.clock.advance(milliseconds: 1_000)
            try await world.manager.tidyLine(at: world.clock.now().boot)
        }
    }

    @Test func `goes on in the next daemon, wherever it stood`() async throws {
        var world = try await SessionWorld.start()
        try await world.start("alice")
        await world.idle()
        world = try await world.restarted()
        #expect(world.keeper.kept.withLock { $0.byRow.isEmpty })
        let routed = try world.routed()
        // The lease is granted, and the daemon ends before its agents start.
        let owner = try await world.manager.owner(of: try await world.session())
        let start = TemplateStart(template: "draft", variables: [:])
        _ = try await world.manager.lease(
            GrantRequest(
                session: "alice", count: 2, name: start.leaseName, agents: ["one", "two"], template: start,
                wakes: routed.row), owner)
        #expect(try await world.phase() == .starting)
        world = try await world.restarted()
        try await world.manager.routes.wake(routed, for: "one")
        #expect(world.launcher.running.count == 2 && world.port("one") != nil)
        // Had they not started, it would sleep and not be ended.
        await world.idle()
        world.launcher.refuse { _ in "no such program" }
        _ = try await world.manager.lease(
            GrantRequest(
                session: "alice", count: 2, name: start.leaseName, agents: ["one", "two"], template: start,
                wakes: routed.row), owner)
        world = try await world.restarted()
        let last = world
        #expect(try await eventually { try await last.session().template?.rest != nil })
        #expect(try await world.session().endedAt == nil)
    }

    @Test func `gives them back when its template says so only later, and keeps them when it says so no more`()
        async throws
    {
        var world = try await SessionWorld.start(.keep)
        try await world.start("alice")
        await world.idle()
        #expect(try await world.phase() == .asleep)
        #expect(try await world.session().leases == 1)
        world = try await world.restarted(.release)
        await world.idle()
        #expect(try await world.session().template?.rest != nil)
        #expect(try await world.session().leases == 0)
        world = try await world.restarted(.keep)
        try await world.manager.routes.wake(try world.routed(), for: "one")
        await world.idle()
        #expect(try await world.phase() == .asleep)
        #expect(try await world.session().leases == 1)
        try await world.manager.routes.wake(try world.routed(), for: "one")
        #expect(world.launcher.running.count == 2)
    }

    @Test func `starts what an earlier daemon's start left dying, without waiting for its own end`() async throws {
        var world = try await SessionWorld.start()
        try await world.start("alice")
        await world.idle()
        let routed = try world.routed()
        let owner = try await world.manager.owner(of: try await world.session())
        let start = TemplateStart(template: "draft", variables: [:])
        let reply = try await world.manager.lease(
            GrantRequest(
                session: "alice", count: 2, name: start.leaseName, agents: ["one", "two"], template: start,
                wakes: routed.row), owner)
        guard case .created(let lease) = reply else {
            Issue.record("there is room")
            return
        }
        // It was attached, and never told to go.
        let dying = world.processes.start(77)
        _ = try await world.manager.attach(
            "one", .caller(dying), port: nil, to: lease.id, ChangeContext(caller: .daemon))
        world = try await world.restarted()
        let next = world
        #expect(await eventually { next.launcher.running.contains { $0.order.logPath.hasSuffix("two.log") } })
        world.processes.end(77)
        let running = try #require(next.keeper.kept(of: lease.id))
        await running.exited("one", dying)
        try await world.manager.routes.wake(routed, for: "one")
        #expect(world.launcher.running.count == 2 && world.port("one") != nil)
    }

    @Test func `gets no ports in the name of a token that was revoked, nor past its quota`() async throws {
        let world = try await SessionWorld.start()
        let administrator = ChangeContext(caller: .daemon)
        func create(_ secret: String, _ maxPorts: Int?) async throws {
            _ = try await world.store.createToken(
                TokenWish(name: "ci", terms: TokenTerms(maxPorts: maxPorts, mayNameProcesses: false), ttlSeconds: nil),
                hash: TokenHash(ofSecret: secret), administrator)
        }
        try await create("first", nil)
        try await world.start(
            "alice", as: Caller(principal: .token("ci"), isAdministrator: false, mayNameProcesses: false))
        await world.idle()
        try await world.store.revokeToken("ci", administrator)
        let routed = try world.routed()
        #expect(await code { try await world.manager.routes.wake(routed, for: "one") } == .forbidden)
        try await create("second", 1)
        #expect(await code { try await world.manager.routes.wake(routed, for: "one") } == .quotaExceeded)
        #expect(try await world.phase() == .asleep)
        try await world.store.revokeToken("ci", administrator)
        try await create("third", 2)
        try await world.manager.routes.wake(routed, for: "one")
        #expect(try await world.session().principal == .token("ci") && world.port("one") != nil)
    }

    @Test func `is ended whole by whoever may, asleep or falling asleep`() async throws {
        let world = try await SessionWorld.start()
        try await world.start("alice")
        world.launcher.write("text", to: "/agents/1/one.log")
        await world.idle()
        let log = try await world.keeper.log(of: "one", in: "alice", .tail(bytes: 10), for: .alice)
        #expect(log.bytes == Array("text".utf8), "it stays while the session sleeps")
        #expect(await code { try await world.keeper.end("alice", ChangeContext(caller: .bob)) } == .notFound)
        try await world.keeper.end("alice", ChangeContext(caller: .alice))
        #expect(try await world.session().endedAt != nil)
        #expect(await eventually { (try? world.launcher.tailOfLog("/agents/1/one.log", bytes: 10)) == "" })
        try await world.keeper.end("alice", ChangeContext(caller: .alice))

        for _ in 0..<20 {
            try await world.start("alice")
            world.clock.advance(milliseconds: 11_000)
            await withTaskGroup { group in
                for kept in world.keeper.kept.withLock({ Array($0.byRow.values) }) {
                    group.addTask { await world.keeper.sleepIfIdle(kept.running) }
                }
                group.addTask {
                    do {
                        try await world.keeper.end("alice", ChangeContext(caller: .alice))
                    } catch {
                        Issue.record(error)
                    }
                }
            }
            #expect(try await world.session().endedAt != nil && world.launcher.running.isEmpty)
        }
        #expect(try await world.store.verify().problem == nil)
    }
}
