import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `Keeping the audit to its days` {
    @Test func `prunes a day's worth at a time, once it is older than that`() async throws {
        let test = try await TestManager.start()
        let housekeeper = AuditHousekeeper(manager: test.manager, retainDays: 90, logger: test.manager.logger)
        try await test.release(try await test.lease("old", 2))
        let day: Int64 = 86_400_000
        test.clock.advance(milliseconds: 90 * day + 1000)
        try await housekeeper.tidy()
        #expect(try await test.store.oldestRecord()?.seq == 1, "there is not a day's worth yet")
        try await test.release(try await test.lease("new", 2))
        test.clock.advance(milliseconds: day)
        try await housekeeper.tidy()
        let oldest = try #require(try await test.store.oldestRecord())
        #expect(oldest.seq > 5)
        #expect(try await test.store.verify().problem == nil)
        try await housekeeper.tidy()
        #expect(try await test.store.oldestRecord()?.seq == oldest.seq)
    }

    @Test func `keeps all of it when it was not told how long`() async throws {
        let test = try await TestManager.start()
        let housekeeper = AuditHousekeeper(manager: test.manager, retainDays: nil, logger: test.manager.logger)
        test.clock.advance(milliseconds: 10_000 * 86_400_000)
        try await housekeeper.tidy()
        #expect(try await test.store.oldestRecord()?.seq == 1)
    }
}
