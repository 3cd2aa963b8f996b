import BerthCore
import BerthStore
import BerthTestSupport
import Synchronization

/// A fixed history of everything that a store does: it is played on a disk that records, loses or fails.
final class ScriptedHistory: Sendable {
    private let clock: ManualClock
    private let processes: FakeProcessTable
    private let ledger: ChangeLedger
    /// The leases by the number that the script gives them.
    private let leases = Mutex<[Int: LeaseID]>([:])

    init(clock: ManualClock, processes: FakeProcessTable, ledger: ChangeLedger) {
        self.clock = clock
        self.processes = processes
        self.ledger = ledger
    }

    /// How many ports a round uses. Each has ports of its own, up to the fourth.
    private static let portsPerRound = 25

    /// One round: it leaves every port free again.
    func play(round: Int, on store: TestStore) async throws {
        let first = 20_000 + round % 4 * Self.portsPerRound
        let base = round * 100
        let owner = processes.start(Int32(1_000 + round))
        try await grant(
            base, Wish(first: first, count: 3, agents: ["one", "two"], labels: ["repo": "draft"]), on: store)
        try await grant(base + 1, Wish(session: "bob", name: "web", first: first + 3, owner: owner), on: store)
        try await together([
            { try await self.grant(base + 2, Wish(session: "carol", first: first + 5), on: store) },
            { try await self.grant(base + 3, Wish(session: "carol", first: first + 7, count: 1), on: store) },
            { try await self.grant(base + 4, Wish(session: "dave", first: first + 8, count: 6), on: store) },
            { try await self.renew(base, on: store) },
        ])
        try await attach(base, on: store)
        store.store.queue.checkpoint()
        try await together([
            { try await self.release(base + 2, on: store) },
            { try await self.renew(base + 1, on: store) },
            { try await self.grant(base + 5, Wish(session: "erin", first: first + 14, ttl: 5_000), on: store) },
        ])
        try await ledger.change { context in
            try await store.store.detach("one", from: self.lease(base), context)
            return true
        }
        clock.advance(milliseconds: 6_000)
        try await ledger.change(as: .daemon) { try await !store.store.expire(limit: 10, $0).isEmpty }
        store.store.queue.checkpoint()
        clock.advance(milliseconds: 3_000)
        let resting = PortBlock.of(first, Self.portsPerRound).ports
        try await ledger.change(as: .daemon) {
            try await !store.store.recover(resting, reason: "unbound", $0).isEmpty
        }
        for session in ["alice", "bob", "carol", "dave"] as [SessionName] {
            try await ledger.change { try await !store.store.endSession(session, $0).isEmpty }
        }
    }

    // MARK: Steps

    private func lease(_ number: Int) throws -> LeaseID {
        // A lease that was refused is asked for no more.
        guard let id = leases.withLock({ $0[number] }) else { throw NotGranted(outcome: "refused before") }
        return id
    }

    private func grant(_ number: Int, _ wish: Wish, on store: TestStore) async throws {
        try await ledger.change { context in
            var wish = wish
            wish.context = context
            let lease = try await store.lease(wish)
            self.leases.withLock { $0[number] = lease.id }
            return true
        }
    }

    private func renew(_ number: Int, on store: TestStore) async throws {
        try await ledger.change { context in
            _ = try await store.store.renew(self.lease(number), ttlMilliseconds: 90_000, context)
            return true
        }
    }

    private func release(_ number: Int, on store: TestStore) async throws {
        try await ledger.change { try await store.store.release(self.lease(number), reason: "done", $0) != nil }
    }

    private func attach(_ number: Int, on store: TestStore) async throws {
        let process = processes.start(Int32(5_000 + number))
        try await ledger.change { context in
            _ = try await store.store.attach("one", process: process, port: nil, to: self.lease(number), context)
            return true
        }
    }

    private func together(_ steps: [@Sendable () async throws -> Void]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for step in steps { group.addTask { try await step() } }
            try await group.waitForAll()
        }
    }
}
