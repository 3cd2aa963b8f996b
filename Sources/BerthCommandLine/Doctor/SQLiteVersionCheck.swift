/// Whether this SQLite has a defect that Berth has to work around.
package struct SQLiteVersionCheck: DoctorCheck {
    package static let name = "sqlite"

    let text: String
    let number: Int

    /// - Parameter number: as sqlite3.h defines it: 3.51.3 is 3051003.
    package init(text: String, number: Int) {
        self.text = text
        self.number = number
    }

    package var findings: [Finding] {
        guard (3_007_000..<3_051_003).contains(number) else { return [finding(.ok, "SQLite \(text).")] }
        return [
            finding(
                .note,
                "SQLite \(text) can lose commits when one connection checkpoints while another writes (before 3.51.3)."
                    + " Berth is safe from that: one connection of one process does both."
                    + " Do not write the database with another program.")
        ]
    }
}
