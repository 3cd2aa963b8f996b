import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Synchronization
import Testing

/// What may come between a request that waits and its answer.
@Suite struct `A client that waits` {
    private static let wait = WaitPreference(seconds: 30, isAsync: false)

    /// A stop that comes right behind so many looks for it. It cancels the task of the request, as a hang-up does.
    private final class Stop: Sendable {
        private let looksLeft: Mutex<Int>

        init(behind looks: Int) { looksLeft = Mutex(looks) }

        @Sendable func isSeen() -> Bool {
            let isSeen = looksLeft.withLock { left in
                defer { left = max(0, left - 1) }
                return left == 0
            }
            if !isSeen { withUnsafeCurrentTask { $0?.cancel() } }
            return isSeen
        }
    }

    /// A ticket that is granted before its request comes to wait for it.
    private func served(_ test: TestManager, _ context: ChangeContext) async throws -> Ticket {
        let held = try await test.lease("a", 2)
        let request = GrantRequest(session: "b", count: 2)
        guard case .waiting(let ticket, _) = try await test.manager.lease(request, context, wait: Self.wait) else {
            throw DoesNotWait()
        }
        try await test.release(held)
        try await test.manager.serveLine()
        return ticket
    }

    private struct DoesNotWait: Error {}

    @Test(arguments: [0, 1]) func `hears of a stop, never of a hang-up that was none`(looks: Int) async throws {
        let test = try await TestManager.start(size: 2)
        let key = IdempotencyKey(
            method: "POST", path: "/v1/leases", key: "b", requestHash: .init(repeating: 1, count: 32))
        let context = ChangeContext(caller: .alice, requestID: "r", idempotency: key)
        let ticket = try await served(test, context)
        let (manager, stop) = (test.manager, Stop(behind: looks))
        let client = Task { try await manager.attend(to: ticket, Self.wait, context, isStopping: stop.isSeen) }
        #expect(await refusal(of: { try await client.value })?.code == .storageUnavailable)
        // Its key finds the lease.
        guard case .granted = try await manager.ticket(ticket.id, waitSeconds: nil, for: .administrator).state else {
            Issue.record("it lost its place")
            return
        }
    }

    @Test func `gets its lease when that is granted before it comes to wait, without a key too`() async throws {
        let test = try await TestManager.start(size: 2)
        let context = ChangeContext(caller: .alice, requestID: "r")
        let ticket = try await served(test, context)
        try await test.manager.tidyLine(at: test.clock.now().boot)
        guard case .created = try await test.manager.attend(to: ticket, Self.wait, context, isStopping: { false })
        else {
            Issue.record("no new lease")
            return
        }
        test.clock.advance(milliseconds: WaitLine.graceMilliseconds)
        try await test.manager.tidyLine(at: test.clock.now().boot)
        #expect(try await test.manager.leases(LeaseFilter(), for: .administrator).map(\.session) == ["b"])
    }
}
