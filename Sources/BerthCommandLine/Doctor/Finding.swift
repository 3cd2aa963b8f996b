/// What one check found.
package struct Finding: Encodable, Hashable, Sendable {
    /// How bad it is, mildest first. The raw value stands in JSON.
    package enum Severity: String, Encodable, CaseIterable, Sendable {
        /// As it should be.
        case ok
        /// Worth knowing, and no fault.
        case note
        /// Works, but something will be in the way or others can look in.
        case warning
        /// Berth cannot serve this database, or not safely.
        case problem
    }

    /// The check's name: `file-modes`.
    package let check: String
    package let severity: Severity
    /// What is so, with the evidence.
    package let finding: String
    /// How to mend it; nil when there is nothing to mend.
    package let remedy: String?

    package init(check: String, severity: Severity, finding: String, remedy: String? = nil) {
        self.check = check
        self.severity = severity
        self.finding = finding
        self.remedy = remedy
    }

    enum CodingKeys: String, CodingKey { case check, severity, finding, remedy }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(check, forKey: .check)
        try container.encode(severity, forKey: .severity)
        try container.encode(finding, forKey: .finding)
        try container.encode(remedy, forKey: .remedy)
    }
}
