import BerthCore
import BerthStore
import BerthTestSupport
import GRDB
import Testing

@Suite struct `Committing changes` {
    /// What a change of these tests writes: one row of `boots` and one audit record.
    private static func write(_ text: String, _ transaction: WriteTransaction) throws {
        try transaction.db.execute(sql: "INSERT INTO boots (boot_id) VALUES (?)", arguments: [text])
    }

    private struct Mishap: Error {}

    @Test func `keeps every good change and nothing of the bad ones beside it`() async throws {
        let test = try await TestStore.open()
        let outcomes = await withTaskGroup(of: (Int, ErrorCode?).self) { group in
            for number in 0..<600 {
                group.addTask {
                    let code = await code {
                        try await test.store.queue.submit { transaction in
                            try Self.write("row \(number)", transaction)
                            switch number % 4 {
                            case 1: throw BerthError(.nameConflict, "refused after it wrote")
                            case 2: throw Mishap()
                            // Breaks a unique key, after rows of its own.
                            case 3: try Self.write("boot-1", transaction)
                            default: break
                            }
                        }
                    }
                    return (number, code)
                }
            }
            return await group.reduce(into: [Int: ErrorCode]()) { $0[$1.0] = $1.1 }
        }
        for number in 0..<600 {
            let expected: [ErrorCode?] = [nil, .nameConflict, .internal, .internal]
            #expect(outcomes[number] == expected[number % 4], "\(number)")
        }
        let rows = try test.rows("SELECT boot_id FROM boots WHERE boot_id LIKE 'row %'")
        #expect(Set(rows) == Set(stride(from: 0, to: 600, by: 4).map { "row \($0)" }))
    }

    @Test func `applies changes in the order in which they were submitted`() async throws {
        let test = try await TestStore.open()
        let gate = try await Gate.closed(on: test.store)
        let tasks = gate.inOrder(count: 400) { number in
            try await test.store.queue.submit { try Self.write("\(number)", $0) }
        }
        gate.open()
        for task in tasks { try await task.value }
        let rows = try test.rows("SELECT boot_id FROM boots WHERE id > 1 ORDER BY id")
        #expect(rows == (0..<400).map { "\($0)" })
    }

    @Test func `commits what waits together, and never more than a batch`() async throws {
        let test = try await TestStore.open()
        test.commits.forget()
        let gate = try await Gate.closed(on: test.store)
        let tasks = gate.inOrder(count: 600) { number in
            try await test.store.queue.submit { try Self.write("\(number)", $0) }
        }
        gate.open()
        for task in tasks { try await task.value }
        #expect(test.commits.batchSizes == [1, 256, 256, 88])
        #expect(CommitQueue.maxBatch == 256)
    }

    @Test func `commits a lone change at once`() async throws {
        let test = try await TestStore.open()
        test.commits.forget()
        for number in 0..<5 { try await test.store.queue.submit { try Self.write("\(number)", $0) } }
        #expect(test.commits.batchSizes == [1, 1, 1, 1, 1])
    }

    @Test func `tells the observer of every change under load`() async throws {
        let test = try await TestStore.open()
        test.commits.forget()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask { try await test.store.queue.submit { try Self.write("\(number)", $0) } }
            }
            try await group.waitForAll()
        }
        #expect(test.commits.batchSizes.reduce(0, +) == 500)
        #expect(test.commits.batchSizes.allSatisfy { (1...256).contains($0) })
    }

    @Test func `applies the change of a caller that was cancelled, all of it`() async throws {
        let test = try await TestStore.open()
        let gate = try await Gate.closed(on: test.store)
        let tasks = gate.inOrder(count: 3) { number in
            try await test.store.queue.submit { transaction in
                try Self.write("\(number) a", transaction)
                try Self.write("\(number) b", transaction)
            }
        }
        tasks[1].cancel()
        gate.open()
        for task in tasks { try await task.value }
        #expect(
            try test.rows("SELECT boot_id FROM boots WHERE id > 1 ORDER BY id")
                == ["0 a", "0 b", "1 a", "1 b", "2 a", "2 b"])
    }

    @Test func `answers only when other connections see the change`() async throws {
        let test = try await TestStore.open()
        for number in 0..<50 {
            try await test.store.queue.submit { try Self.write("\(number)", $0) }
            let count = try await test.store.file.readers.read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM boots WHERE boot_id = '\(number)'")
            }
            #expect(count == 1)
        }
    }

    @Test func `hands back what the change returns`() async throws {
        let test = try await TestStore.open()
        let answer = try await test.store.queue.submit { transaction in
            (transaction.now, try Int.fetchOne(transaction.db, sql: "SELECT 40 + 2"))
        }
        #expect(answer.0 == test.clock.now() && answer.1 == 42)
    }

    @Test func `takes no change after it was closed, and finishes those before`() async throws {
        let test = try await TestStore.open()
        let gate = try await Gate.closed(on: test.store)
        let tasks = gate.inOrder(count: 300) { number in
            try await test.store.queue.submit { try Self.write("\(number)", $0) }
        }
        let closing = Task.detached { test.store.queue.close() }
        gate.open()
        await closing.value
        for task in tasks { try await task.value }
        #expect(try test.rows("SELECT count(*) FROM boots") == ["301"])
        #expect(await code { try await test.store.queue.submit { try Self.write("late", $0) } } == .storageUnavailable)
        #expect(await code { try await test.store.checkWritable() } == .storageUnavailable)
        #expect(try test.rows("SELECT count(*) FROM boots") == ["301"])
    }
}
