import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore
import FoundationEssentials
import Testing

@Suite struct `Telling the audit` {
    private let plain = TerminalStyle(isTerminal: false, environment: [:])
    private let now = Instant(milliseconds: 1_795_500_000_000)

    private func record(_ more: String) throws -> AuditRecordResource {
        let text = #"{"seq":7,"at":"2026-11-24T05:59:00.000Z","principal":"uid:1000","# + more + "}"
        return try JSONDecoder().decode(AuditRecordResource.self, from: Data(text.utf8))
    }

    private func records() throws -> [AuditRecordResource] {
        [
            try record(
                #""event":"lease.granted","lease_id":17,"session":"alice","first_port":20010,"count":6,"reason":null"#),
            try record(
                #""event":"agent.exited","lease_id":17,"session":"alice","agent":"web","pid":42,"reason":"it was gone""#
            ),
        ]
    }

    @Test func `shows records with relative times, and whom they are about`() throws {
        #expect(
            TextTable.records(try records(), now: now).text(plain) == """
                WHEN    SEQ  EVENT          LEASE  SESSION  PORTS        WHO       WHY
                1m ago    7  lease.granted     17  alice    20010-20015  uid:1000  -
                1m ago    7  agent.exited      17  alice    -            uid:1000  agent web (PID 42): it was gone

                """)
    }

    @Test func `follows in columns that no later line moves`() throws {
        let lines = try records().map { $0.followedLine(plain) }
        #expect(
            lines[0]
                == "2026-11-24T05:59:00.000Z  lease.granted     17      alice             20010-20015  uid:1000  -\n")
        #expect(lines[1].hasSuffix("  uid:1000  agent web (PID 42): it was gone\n"))
    }

    @Test func `says in a sentence what a verification found`() {
        let head = AuditHead(seq: 9, at: "2026-11-24T05:59:00.000Z", hash: "ab")
        #expect(
            AuditVerdict(valid: true, checked: 9, firstBadSeq: nil, problem: nil, head: head).sentence
                == "The audit is whole: 9 records were checked; the last is 9, ab.")
        #expect(
            AuditVerdict(valid: false, checked: 3, firstBadSeq: 4, problem: "record 4 was changed", head: nil).sentence
                == "The audit is not whole (record 4): record 4 was changed. 3 records before it are. Keep the file as it"
                + " is, and compare it with a backup.")
    }

    @Test func `tells whose a port was, with the record that says so`() throws {
        let before = try records()
        let nobody = PortHistoryResource(port: 20_010, at: "2026-11-24T06:00:00.000Z", leased: false, lease: nil)
        let text = nobody.explanation(before: before, after: [], now: now, plain)
        #expect(text.hasPrefix("Port      20010\nAt        2026-11-24T06:00:00.000Z (now)\nHeld by   nobody\n"))
        #expect(text.contains("Evidence  record 7, agent.exited 2026-11-24T05:59:00.000Z by uid:1000\n\nWHEN"))
        let hidden = PortHistoryResource(port: 20_010, at: "2026-11-24T06:00:00.000Z", leased: true, lease: nil)
        #expect(hidden.explanation(before: [], after: [], now: now, plain).contains("Held by  another user's lease"))
    }

    @Test(
        arguments: [
            ("2026-11-24T05:59:00.000Z", 1_795_499_940_000), ("1m", 1_795_499_940_000), ("2h", 1_795_492_800_000),
            ("0", 1_795_500_000_000),
        ] as [(String, Int64)])
    func `takes an instant, or how long ago it was`(text: String, milliseconds: Int64) {
        #expect(PastInstant.read(text, now: now)?.milliseconds == milliseconds)
    }

    @Test(arguments: ["", "yesterday", "-5m", "99999999999999999999d", "10:00"])
    func `takes nothing else for a moment`(text: String) { #expect(PastInstant.read(text, now: now) == nil) }
}

@Suite struct `Reading server-sent events` {
    private func events(_ pieces: [String]) -> [EventParser.Event] {
        var parser = EventParser()
        return pieces.flatMap { parser.take($0.utf8) }
    }

    @Test func `gives the same events however the bytes are cut`() {
        let text = ": berth\n\nid: 4\nevent: lease.granted\ndata: {\"a\":\ndata: 1}\n\nid: 5\r\ndata:x\r\n\r\ndata\r\r"
        let whole = events([text])
        #expect(whole.map(\.id) == ["4", "5", "5"])
        #expect(whole.map(\.name) == ["lease.granted", "message", "message"])
        #expect(whole.map(\.data) == ["{\"a\":\n1}", "x", ""])
        for cut in 1..<text.unicodeScalars.count {
            let scalars = Array(text.unicodeScalars)
            let parts = [scalars[..<cut], scalars[cut...]].map { part in
                part.reduce(into: "") { $0.unicodeScalars.append($1) }
            }
            #expect(events(parts) == whole, "cut at \(cut)")
        }
    }

    @Test func `keeps what is not complete to itself`() { #expect(events(["data: x\n", "id: 9"]) == []) }
}
