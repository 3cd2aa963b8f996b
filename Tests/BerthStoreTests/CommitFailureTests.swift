import BerthCore
import BerthStore
import BerthTestSupport
import GRDB
import GRDBSQLite
import Testing

/// What becomes of changes, their callers and the audit when SQLite says no.
@Suite struct `A failing commit` {
    /// A commit hook that returns non-zero turns the COMMIT into a rollback
    /// (https://www.sqlite.org/c3ref/commit_hook.html).
    private static func breakCommit(_ transaction: WriteTransaction) throws {
        _ = sqlite3_commit_hook(transaction.db.sqliteConnection, { _ in 1 }, nil)
        try transaction.db.execute(sql: "INSERT INTO boots (boot_id) VALUES ('b')")
    }

    /// A foreign key that is looked at only by COMMIT: it fails and leaves its transaction open.
    private static func deferFailure(_ transaction: WriteTransaction) throws {
        try transaction.db.execute(
            sql: """
                PRAGMA defer_foreign_keys = ON;
                INSERT INTO ports (port, pool, state) VALUES (30000, 'nowhere', 'free');
                """)
    }

    @Test func `calls the handler, answers nobody with success and leaves nothing`() async throws {
        let test = try await TestStore.open()
        let gate = try await Gate.closed(on: test.store)
        test.commits.forget()
        let before = try test.everything()
        let tasks = gate.inOrder(count: 3) { number in
            try await test.store.queue.submit { transaction in
                try transaction.db.execute(sql: "INSERT INTO boots (boot_id) VALUES ('\(number)')")
                if number == 1 { try Self.breakCommit(transaction) }
            }
        }
        gate.open()
        for task in tasks { #expect(await code { try await task.value } == .internal) }
        #expect(test.commits.unknownOutcomes.count == 1)
        #expect(test.commits.unknownOutcomes.first?.contains("COMMIT") == true)
        #expect(test.commits.batchSizes == [1], "a failed batch was counted as committed")
        #expect(try test.everything() == before)
    }

    /// In a process of its own, because a transaction that stays open ends the process.
    @Test func `that leaves its transaction open calls the handler, and the transaction is taken back`() async throws {
        await #expect(processExitsWith: .success) {
            let test = try await TestStore.open()
            let before = try test.everything()
            let refusal = await code { try await test.store.queue.submit(Self.deferFailure) }
            #expect(refusal == .internal)
            #expect(test.commits.unknownOutcomes.count == 1)
            #expect(test.commits.unknownOutcomes[0].contains("FOREIGN KEY"))
            #expect(try test.everything() == before)
            #expect(try await test.lease().id == 1)
        }
    }

    @Test func `with a full disk refuses its changes, and goes on when there is room again`() async throws {
        let test = try await TestStore.open()
        let before = try test.everything()
        let pages = try await test.store.queue.submit { transaction in
            // max_page_count makes SQLite say FULL as a full disk does.
            try Int.fetchOne(transaction.db, sql: "PRAGMA max_page_count = 1") ?? 0
        }
        let gate = try await Gate.closed(on: test.store)
        let tasks = gate.inOrder(count: 3) { number in
            try await test.store.queue.submit { transaction in
                let text = number == 1 ? String(repeating: "x", count: pages * 4096) : "\(number)"
                // A table without triggers: SQLite takes back the whole transaction then, not the statement alone.
                try transaction.db.execute(
                    sql: "INSERT INTO pools VALUES (?, ?, '', 1, 1, 0, 1, 'fifo')", arguments: ["p\(number)", text])
            }
        }
        gate.open()
        for task in tasks { #expect(await code { try await task.value } == .storageUnavailable) }
        #expect(test.commits.unknownOutcomes.isEmpty)
        #expect(try test.everything() == before)
        _ = try await test.store.queue.submit { try Int.fetchOne($0.db, sql: "PRAGMA max_page_count = 1000000") }
        #expect(try await test.lease().isActive)
    }

    @Test func `cannot begin on a database that another process holds, and says so`() async throws {
        let test = try await TestStore.open()
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: test.path, configuration: configuration)
        try await test.store.file.writer.writeWithoutTransaction { try $0.execute(sql: "PRAGMA busy_timeout = 1") }
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        #expect(await code { try await test.lease() } == .storageUnavailable)
        #expect(await code { try await test.store.checkWritable() } == .storageUnavailable)
        #expect(test.commits.unknownOutcomes.isEmpty)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await test.lease().id == 1)
    }

    @Test func `leaves the audit's chain whole, whatever failed in between`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease()
        _ = await code { try await test.grant(Wish(session: "alice", first: 20_010, context: .bob)) }
        _ = try await test.grant(Wish(first: 20_001))
        _ = await code {
            try await test.store.attach("a", process: test.processes.start(5), port: 9, to: lease.id, .alice)
        }
        _ = await code {
            try await test.store.queue.submit { transaction in
                try transaction.db.execute(sql: "INSERT INTO audit (seq) VALUES (1)")
            }
        }
        #expect(await code { try await test.store.queue.submit(Self.breakCommit) } == .internal)
        try await test.store.file.writer.writeWithoutTransaction { db in
            _ = sqlite3_commit_hook(db.sqliteConnection, nil, nil)
        }
        let second = try await test.lease(Wish(first: 20_010))
        _ = try await test.store.release(second.id, reason: "done", .alice)
        try test.expectWholeAudit()
        try await test.restarted().expectWholeAudit()
    }
}
