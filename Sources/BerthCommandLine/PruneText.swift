package import BerthAPI
package import BerthCore

extension PruneReport {
    /// What became of the records, in a sentence.
    package func sentence(before instant: Instant) -> String {
        guard let cut else { return "No record is older than \(instant)." }
        let records = pruned == 1 ? "1 record" : "\(pruned) records"
        return "\(records), up to \(cut.seq) of \(cut.at), went into \(archive ?? "no archive")."
    }
}
