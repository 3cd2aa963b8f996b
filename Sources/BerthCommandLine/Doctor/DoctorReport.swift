/// What `berth doctor` found, in the order in which it asked.
package struct DoctorReport: Sendable {
    package let findings: [Finding]

    package init(_ checks: [any DoctorCheck]) { findings = checks.flatMap(\.findings) }

    /// Whether something keeps Berth from serving safely.
    package var hasProblem: Bool { findings.contains { $0.severity == .problem } }

    /// A table; below each finding stands how to mend it.
    package func table(_ style: TerminalStyle) -> String {
        var table = TextTable(["SEVERITY", "CHECK", "FINDING"])
        for finding in findings {
            table.add([
                TextTable.Cell(finding.severity.rawValue, look(finding.severity)), TextTable.Cell(finding.check),
                TextTable.Cell(finding.finding),
            ])
            guard let remedy = finding.remedy else { continue }
            table.add([TextTable.Cell(""), TextTable.Cell(""), TextTable.Cell("to mend it: " + remedy)])
        }
        return table.text(style)
    }

    /// `1 problem, 2 warnings`, or that nothing is wrong.
    package var summary: String {
        let counts = [(Finding.Severity.problem, "problem"), (.warning, "warning")].compactMap { severity, word in
            let count = findings.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(word)\(count == 1 ? "" : "s")"
        }
        return counts.isEmpty ? "Nothing is wrong." : counts.joined(separator: ", ") + "."
    }

    private func look(_ severity: Finding.Severity) -> TerminalStyle.Look {
        switch severity {
        case .ok: .good
        case .note: .faint
        case .warning: .title
        case .problem: .bad
        }
    }
}
