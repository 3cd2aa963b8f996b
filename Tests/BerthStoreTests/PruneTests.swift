import BerthCore
import BerthTestSupport
import FoundationEssentials
import GRDB
import Testing

@testable import BerthStore

@Suite struct `Pruning the audit` {
    @Test(arguments: [1, 2, 3, 4])
    func `leaves what verifies, and answers as before, again and again`(seed: Int) async throws {
        var history = try await RandomHistory(seed: seed)
        var random = SplitMix64(seed: seed)
        var archived: [String] = []
        for _ in 0..<8 {
            for _ in 0..<60 { try await history.step() }
            let test = history.test
            let records = try await test.records()
            let instant = try #require(records.randomElement(using: &random)).at
            let questions = records.filter { $0.at >= instant }.map { record in
                (port: PortBlock.of(Int.random(in: 20_000..<20_100, using: &random), 1).first, at: record.at)
            }
            var answers: [LeaseID?] = []
            for question in questions {
                answers.append(try await test.store.holder(of: question.port, at: question.at)?.id)
            }

            let pruning = try await test.store.prune(before: instant, .administrator)

            let gone = records.filter { $0.at < instant }
            #expect(pruning.count == gone.count)
            #expect(pruning.cut?.seq == gone.last?.seq)
            if let path = pruning.archive { archived += try Archives.lines(path) }
            #expect(archived.suffix(gone.count) == gone.map(\.json)[...])
            let finding = try await test.store.verify()
            #expect(finding.problem == nil)
            let left = try await test.records()
            #expect(finding.checked == left.count)
            #expect(left.prefix(records.count - gone.count).map(\.json) == records.dropFirst(gone.count).map(\.json))
            for (question, answer) in zip(questions, answers) {
                let again = try await test.store.holder(of: question.port, at: question.at)?.id
                #expect(again == answer, "\(question.port) at \(question.at)")
            }
            if let cut = pruning.cut, cut.at < instant {
                let early = await code { try await test.store.holder(of: 20_000, at: cut.at) }
                #expect(early == .historyPruned)
            }
            if pruning.cut != nil { try expectNothingSuperfluous(test) }
        }
        // The archives and what is left are the whole history.
        let all = archived + (try await history.test.recordLines())
        let seqs = try all.map { try #require(Int($0.dropFirst("{\"seq\":".count).prefix { $0 != "," })) }
        #expect(seqs == Array(1...seqs.count))
    }

    /// Whatever no record tells of any more is gone, but for what lives and what something refers to.
    private func expectNothingSuperfluous(_ test: TestStore) throws {
        let leases = try test.rows(
            """
            SELECT id FROM leases WHERE state <> 'active' AND NOT EXISTS (SELECT 1 FROM audit WHERE lease_id = leases.id)
                AND NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE lease_id = leases.id)
                AND id NOT IN (SELECT value FROM audit_cuts, json_each(state, '$.kept') WHERE json_each.type = 'integer')
            """)
        #expect(leases == [])
        let tickets = try test.rows(
            """
            SELECT id FROM tickets WHERE last_seq < (SELECT min(seq) FROM audit)
                AND NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE ticket_id = tickets.id)
                AND NOT EXISTS (SELECT 1 FROM leases WHERE leases.id = lease_id AND leases.state = 'active')
            """)
        #expect(tickets == [])
        #expect(try test.rows("SELECT id FROM tokens WHERE last_seq < (SELECT min(seq) FROM audit)") == [])
        #expect(
            try test.rows(
                "SELECT id FROM sessions WHERE NOT EXISTS (SELECT 1 FROM leases WHERE session_id = sessions.id)") == [])
        #expect(try test.rows("SELECT count(*) FROM agents WHERE lease_id NOT IN (SELECT id FROM leases)") == ["0"])
        #expect(try test.rows("PRAGMA freelist_count") == ["0"])
        #expect(try test.rows("PRAGMA foreign_key_check") == [])
    }

    @Test func `keeps what lives, and what a retry may ask about until it may no more`() async throws {
        let test = try await TestStore.open()
        let live = try await test.lease(Wish(session: "live", first: 20_010))
        let key = IdempotencyKey(method: "POST", path: "/v1/leases", key: "k", requestHash: Data(count: 32))
        var wish = Wish()
        wish.context = ChangeContext(caller: .alice, requestID: "first", idempotency: key)
        let once = try await test.lease(wish)
        _ = try await test.store.release(once.id, reason: "done", .alice)
        let last = try await test.lease(Wish(session: "last"))
        _ = try await test.store.release(last.id, reason: "done", .alice)
        let middle = try await test.lease(Wish(session: "middle", first: 20_020))
        _ = try await test.store.release(middle.id, reason: "done", .alice)
        let newest = try await test.lease(Wish(session: "newest", first: 20_020))
        _ = try await test.store.release(newest.id, reason: "done", .alice)
        test.clock.advance(milliseconds: 1_000)

        let pruning = try await test.store.prune(before: test.clock.now().wall, .administrator)
        #expect(pruning.count > 10)
        let kept = [live, once, last, newest].map { "\($0.id)" }
        #expect(try test.rows("SELECT id FROM leases ORDER BY id") == kept)
        guard case .replayed(let again, 201) = try await test.grant(wish) else {
            Issue.record("the retry was not answered as before")
            return
        }
        #expect(again.id == once.id)
        #expect(try await test.store.release(live.id, reason: "done", .alice) != nil)
        #expect(try await test.store.verify().problem == nil)

        test.clock.advance(milliseconds: IdempotencyKey.lifetimeMilliseconds + 1)
        #expect(try await test.store.forgetOutcomes(limit: 10) == 1)
        _ = try await test.store.prune(before: test.clock.now().wall, .administrator)
        #expect(try test.rows("SELECT id FROM leases ORDER BY id") == [live, last, newest].map { "\($0.id)" })
        #expect(try test.rows("SELECT count(*) FROM audit_cuts") == ["1"])
        #expect(try await test.store.verify().problem == nil)
    }

    @Test func `shows a change of a row that outlived its records`() async throws {
        for change in [
            "UPDATE leases SET end_reason = 'nothing' WHERE state = 'released'",
            "UPDATE sessions SET principal = 'uid:7' WHERE state = 'ended'",
        ] {
            let test = try await TestStore.open()
            let lease = try await test.lease(Wish())
            _ = try await test.store.release(lease.id, reason: "done", .alice)
            test.clock.advance(milliseconds: 1_000)
            _ = try await test.store.prune(before: test.clock.now().wall, .administrator)
            #expect(try await test.store.verify().problem == nil)
            let answer = try SQLiteShell.run(
                "DROP TRIGGER leases_stay_put", "DROP TRIGGER sessions_stay_ended", change, on: test.path)
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(
                try await test.store.verify().problem?.contains("is not what it was at the cut") == true, "\(change)")
        }
    }

    @Test func `is carried on where it was interrupted, and verifies at each point`() async throws {
        var test = try await TestStore.open()
        for number in 0..<20 {
            let lease = try await test.lease(
                Wish(session: try #require(SessionName(rawValue: "s\(number)")), agents: ["one"]))
            _ = try await test.store.release(lease.id, reason: "done", .alice)
        }
        let end = Int64(try test.lastSeq()) - 7
        _ = try await test.store.cut(1...end, reason: "a test", .administrator)
        for removed in 0..<9 {
            #expect(try await test.store.verify().problem == nil, "after \(removed) pieces")
            #expect(try test.rows("SELECT min(seq) FROM audit") == ["\(1 + 7 * removed)"])
            let kept = Set(try test.rows("SELECT DISTINCT last_lease_id FROM ports").compactMap { Int64($0) })
            _ = try await test.store.queue.submit { transaction in
                try transaction.removeRecords(through: end, limit: 7, keeping: kept)
            }
            if removed == 4 { test = try await test.restarted() }
        }
        #expect(try await test.store.finishPruning() == Int(end) - 63)
        #expect(try test.rows("SELECT min(seq) FROM audit") == ["\(end + 1)"])
        #expect(try await test.store.verify().problem == nil)
        #expect(try await test.store.finishPruning() == 0)
    }

    @Test func `lets nothing go that does not follow, and leaves no archive of it`() async throws {
        let test = try await TestStore.open()
        for _ in 0..<5 { _ = try await test.store.release(try await test.lease(Wish()).id, reason: "done", .alice) }
        let answer = try SQLiteShell.run(
            "DROP TRIGGER audit_is_never_changed", "UPDATE audit SET reason = 'another' WHERE seq = 6", on: test.path)
        #expect(answer.status == 0, "\(answer.errors)")
        test.clock.advance(milliseconds: 1_000)
        let before = try await test.recordLines()
        let refusal = await #expect(throws: BerthError.self) {
            try await test.store.prune(before: test.clock.now().wall, .administrator)
        }
        #expect(refusal?.code == .storageUnavailable && refusal?.message.contains("record 6") == true)
        #expect(try await test.recordLines() == before)
        #expect(try test.rows("SELECT count(*) FROM audit_cuts") == ["0"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: test.path + ".archive") == [])
    }

    @Test func `lets nothing go without an archive`() async throws {
        let test = try await TestStore.open()
        _ = try await test.store.release(try await test.lease(Wish()).id, reason: "done", .alice)
        test.clock.advance(milliseconds: 1_000)
        try Data().write(to: URL(fileURLWithPath: test.path + ".archive"))
        let before = try await test.recordLines()
        let refusal = await code { try await test.store.prune(before: test.clock.now().wall, .administrator) }
        #expect(refusal == .storageUnavailable)
        #expect(try await test.recordLines() == before)
    }

    @Test func `gives the disk its space back`() async throws {
        let test = try await TestStore.open()
        for _ in 0..<1_500 { _ = try await test.store.release(try await test.lease(Wish()).id, reason: "done", .alice) }
        let full = try test.space()
        test.clock.advance(milliseconds: 1_000)
        let pruning = try await test.store.prune(before: test.clock.now().wall, .administrator)
        #expect(pruning.count > 6_000)
        let empty = try test.space()
        #expect(empty.free == 0 && empty.file * 4 < full.file, "\(full.file) bytes became \(empty.file)")
        let archive = try #require(pruning.archive)
        #expect(archive == test.path + ".archive/1-\(pruning.count).ndjson.gz")
    }

    @Test func `does nothing when nothing is that old`() async throws {
        let test = try await TestStore.open()
        let head = try test.lastSeq()
        #expect(try await test.store.prune(before: Instant(milliseconds: 1), .administrator) == Pruning())
        #expect(try test.lastSeq() == head)
    }

    @Test func `goes on while leases are granted, and a verification waits for it`() async throws {
        let test = try await TestStore.open()
        for _ in 0..<300 { _ = try await test.store.release(try await test.lease(Wish()).id, reason: "done", .alice) }
        test.clock.advance(milliseconds: 1_000)
        let store = test.store
        let before = test.clock.now().wall
        async let pruning = store.prune(before: before, .administrator)
        async let finding = store.verify()
        async let another = store.prune(before: before, .administrator)
        for _ in 0..<50 { _ = try await store.release(try await test.lease(Wish()).id, reason: "done", .alice) }
        #expect(try await pruning.count + another.count > 1_200)
        #expect(try await finding.problem == nil)
        #expect(try await store.verify().problem == nil)
    }
}
