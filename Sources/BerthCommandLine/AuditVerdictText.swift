package import BerthAPI

extension AuditVerdict {
    /// What was found, in a sentence.
    package var sentence: String {
        guard !valid else {
            let end = head.map { "; the last is \($0.seq), \($0.hash)" } ?? ""
            return "The audit is whole: \(checked) records were checked\(end)."
        }
        let place = firstBadSeq.map { " (record \($0))" } ?? ""
        return
            "The audit is not whole\(place): \(problem ?? "something was changed"). \(checked) records before it are."
            + " Keep the file as it is, and compare it with a backup."
    }
}
