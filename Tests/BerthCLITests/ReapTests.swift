import BerthAPI
import BerthCommandLine
import FoundationEssentials
import Testing

@Suite struct `Telling a sweep` {
    private let decisions = [
        ReapDecision(
            action: .orphan, leaseID: 17, session: "alice", pool: "default", firstPort: 20_010, count: 6, pid: 4242,
            evidence: "process 4242 is gone"),
        ReapDecision(action: .keep, pool: "default", firstPort: 20_020, count: 1, evidence: "bound by process 555"),
    ]

    @Test func `shows each decision with its evidence`() {
        let plain = TerminalStyle(isTerminal: false, environment: [:])
        #expect(
            TextTable.decisions(decisions).text(plain) == """
                ACTION  LEASE  SESSION  POOL     PORTS        AGENT  PID   EVIDENCE
                orphan     17  alice    default  20010-20015  -      4242  process 4242 is gone
                keep        -  -        default  20020        -      -     bound by process 555

                """)
    }

    @Test func `says whether it was done`() {
        #expect(ReapReport(dryRun: false, decisions: decisions).summary == "Done: orphan 1, keep 1.")
        #expect(ReapReport(dryRun: true, decisions: decisions).summary.hasPrefix("Would: orphan 1, keep 1. Nothing"))
        #expect(ReapReport(dryRun: true, decisions: []).summary == "There is nothing to reap.")
    }

    @Test func `keeps every member on the wire`() throws {
        let report = ReapReport(dryRun: true, decisions: decisions)
        let text = try JSONText.line(report, isPretty: false)
        #expect(text.hasPrefix(#"{"decisions":[{"action":"orphan","agent":null,"count":6,"evidence":"process 4242"#))
        #expect(text.hasSuffix("\"dry_run\":true}\n"))
        #expect(try JSONDecoder().decode(ReapReport.self, from: Data(text.utf8)) == report)
    }

    @Test func `asks for a sweep unless a dry run is asked for, and takes no other member`() throws {
        func read(_ text: String) throws -> ReapRequest {
            try JSONDecoder().decode(ReapRequest.self, from: Data(text.utf8))
        }
        #expect(try !read("{}").dryRun && read(#"{"dry_run": true}"#).dryRun)
        for text in [#"{"dryrun": true}"#, #"{"dry_run": 1}"#, "[]"] {
            #expect(throws: (any Error).self) { try read(text) }
        }
        #expect(try JSONText.line(ReapRequest(dryRun: true), isPretty: false) == "{\"dry_run\":true}\n")
    }
}
