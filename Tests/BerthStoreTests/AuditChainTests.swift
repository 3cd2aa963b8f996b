import BerthCore
import BerthStore
import BerthTestSupport
import FoundationEssentials
import GRDB
import Testing

@Suite struct `The audit's chain` {
    private static let at = Instant(milliseconds: 1_795_435_200_123)

    private static var full: AuditEntry {
        var entry = AuditEntry(.leaseGranted, principal: .user(1000), reason: "why, not – ü", requestID: "req-1")
        entry.lease = 17
        entry.session = "alice"
        entry.pool = "default"
        entry.block = .of(20_010, 6)
        entry.agent = "team-1"
        entry.pid = 4242
        return entry
    }

    @Test func `writes a record in its canonical form, lengths in bytes and nulls as dashes`() {
        var chain = AuditChain()
        #expect(
            String(decoding: chain.append(Self.full, now: Self.at).canonicalForm, as: UTF8.self)
                == "1:1,13:1795435200123,13:lease.granted,2:17,5:alice,7:default,5:20010,1:6,6:team-1,4:4242,"
                + "8:uid:1000,15:why, not – ü,5:req-1"
        )
        #expect(
            String(
                decoding: chain.append(AuditEntry(.daemonStarted, principal: .daemon), now: Self.at).canonicalForm,
                as: UTF8.self)
                == "1:2,13:1795435200123,14:daemon.started,-,-,-,-,-,-,-,6:daemon,-,-")
    }

    /// The vector was computed apart from Berth, with Python's hashlib: `sha256(bytes(32) + form1)`, then
    /// `sha256(hash1 + form2)`.
    @Test func `hashes the record behind the hash before it`() {
        var chain = AuditChain()
        let first = chain.append(Self.full, now: Self.at)
        #expect(hex(first.hash) == "f4354ed7b537bda92e5ba5da7e7962e1d08a56a09cf68e2999f05525e7b1bde7")
        let second = chain.append(AuditEntry(.daemonStarted, principal: .daemon), now: Self.at)
        #expect(hex(second.hash) == "58da09c060cbba10cb6c140f7ddc80acbc4265f81113a9813dd02e609fd217f3")
        #expect(chain.hash == second.hash && chain.seq == 2 && chain.at == Self.at)
        #expect(AuditChain.hash(of: second, after: first.hash) == second.hash)
        #expect(AuditChain.hash(of: second, after: Data(repeating: 0, count: 32)) != second.hash)
    }

    @Test func `tells apart records whose texts run together alike`() {
        func form(_ reason: String?, _ requestID: String?) -> [UInt8] {
            var chain = AuditChain()
            let entry = AuditEntry(.daemonStarted, principal: .daemon, reason: reason, requestID: requestID)
            return chain.append(entry, now: Self.at).canonicalForm
        }
        let forms = [
            form("a", "b"), form("a,1:b", nil), form("-", nil), form(nil, nil), form(nil, "-"), form("", nil),
            form("a,", "b"), form("a", ",b"), form("-,-", nil),
        ]
        #expect(Set(forms).count == forms.count)
    }

    @Test func `never lets time run backwards`() {
        var chain = AuditChain()
        let entry = AuditEntry(.daemonStarted, principal: .daemon)
        #expect(chain.append(entry, now: Instant(milliseconds: 50)).at.milliseconds == 50)
        #expect(chain.append(entry, now: Instant(milliseconds: 20)).at.milliseconds == 50)
        #expect(chain.append(entry, now: Instant(milliseconds: 51)).at.milliseconds == 51)
    }

    @Test func `goes on across restarts and steps of the wall clock`() async throws {
        var test = try await TestStore.open()
        try await test.lease()
        test.clock.stepWall(milliseconds: -3_600_000)
        try await test.lease(Wish(first: 20_010))
        test = try await test.restarted()
        test.clock.stepWall(milliseconds: 7_200_000)
        try await test.lease(Wish(first: 20_020))
        try test.expectWholeAudit()
        #expect(try Set(test.rows("SELECT at FROM audit")).count == 2, "the clock went back and forth once")
    }

    @Test func `lies in the database as the records say`() async throws {
        let test = try await TestStore.open()
        let owner = test.processes.start(42)
        let lease = try await test.lease(Wish(name: "web", owner: owner))
        _ = try await test.store.attach("one", process: owner, port: nil, to: lease.id, .alice)
        #expect(
            try test.rows(
                """
                SELECT event, lease_id, session, pool, first_port, count, agent, pid, principal, reason, request_id
                FROM audit WHERE event = 'agent.attached'
                """) == ["agent.attached|1|alice|default|20000|2|one|42|uid:1000||request-1"])
        try test.expectWholeAudit()
    }

    private func hex(_ data: Data) -> String {
        data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
