/// One question that `berth doctor` answers: facts in, findings out. It looks at nothing by itself, so that each can be
/// tested with facts that no host shows.
package protocol DoctorCheck: Sendable {
    /// The check's name in the report: `file-modes`.
    static var name: String { get }

    /// At least one, so that a reader sees that the question was asked.
    var findings: [Finding] { get }
}

extension DoctorCheck {
    func finding(_ severity: Finding.Severity, _ finding: String, mend remedy: String? = nil) -> Finding {
        Finding(check: Self.name, severity: severity, finding: finding, remedy: remedy)
    }
}

/// A question that could not be answered, because the facts could not be had.
package struct UnansweredCheck: DoctorCheck {
    package static let name = "doctor"

    let check: String
    let severity: Finding.Severity
    let reason: String

    /// - Parameter reason: why, and what to do about it, in words.
    package init<Check: DoctorCheck>(_ check: Check.Type, _ reason: String, severity: Finding.Severity = .warning) {
        self.check = check.name
        self.severity = severity
        self.reason = reason
    }

    package var findings: [Finding] { [Finding(check: check, severity: severity, finding: reason)] }
}
