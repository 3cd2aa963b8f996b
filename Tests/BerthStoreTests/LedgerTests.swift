import BerthCore
import BerthTestSupport
import GRDB
import Testing

@testable import BerthStore

/// The rows against what the records of the audit say they must be.
@Suite struct `The state built from the audit alone` {
    @Test(arguments: [1, 2, 3, 4])
    func `is the rows', after every part of a random history`(seed: Int) async throws {
        var history = try await RandomHistory(seed: seed)
        for _ in 0..<20 {
            for _ in 0..<50 { try await history.step() }
            let finding = try await history.test.store.verify()
            #expect(finding.problem == nil)
            try #require(finding.firstBad == nil)
            #expect(finding.checked == (try history.test.lastSeq()))
        }
    }

    @Test func `goes on from the last verification`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web"))
        #expect(try await test.store.verifyNew().checked == (try test.lastSeq()), "the first time it is the whole")
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        let finding = try await test.store.verifyNew()
        #expect(finding.checked == 2 && finding.problem == nil)
        #expect(finding.head?.seq == Int64(try test.lastSeq()))
    }
}
