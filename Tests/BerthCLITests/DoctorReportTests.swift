import BerthCommandLine
import FoundationEssentials
import Testing

@Suite struct `The report of berth doctor` {
    private let plain = TerminalStyle(isTerminal: false, environment: [:])

    /// A daemon that is missing (a note) and a database with so much damage.
    private func report(_ damage: [String]) -> DoctorReport {
        DoctorReport([
            DaemonCheck(socket: "/x/sock", answer: .absent, holder: nil),
            DatabaseCheck(path: "/x/db", .examined(damage: damage, pendingMigrations: [], auditRecords: 3)),
        ])
    }

    @Test func `has a problem only when a check found one`() {
        #expect(!report([]).hasProblem)
        #expect(report([]).summary == "Nothing is wrong.")
        #expect(report(["x", "y"]).hasProblem)
        #expect(report(["x", "y"]).summary == "2 problems.")
        let unanswered = DoctorReport([UnansweredCheck(LockCheck.self, "No /proc.")])
        #expect(unanswered.summary == "1 warning." && unanswered.findings[0].check == "lock")
    }

    @Test func `stands in a table with the remedies below`() {
        let lines = report([]).table(plain).split(separator: "\n")
        #expect(lines[0] == "SEVERITY  CHECK     FINDING")
        #expect(lines[1] == "note      daemon    No daemon runs.")
        #expect(lines[2] == "                    to mend it: berth serve")
        #expect(lines[3].hasPrefix("ok        database  /x/db is whole"))
    }

    @Test func `is an array of objects with four members`() throws {
        let text = try JSONText.line(report(["bad"]).findings, isPretty: false)
        #expect(
            text.hasPrefix(
                #"[{"check":"daemon","finding":"No daemon runs.","remedy":"berth serve","severity":"note"},"#))
        let whole = try JSONText.line(report([]).findings, isPretty: false)
        #expect(whole.contains(#""remedy":null,"severity":"ok""#))
    }
}
