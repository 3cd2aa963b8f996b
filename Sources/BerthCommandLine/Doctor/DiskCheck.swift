/// Whether the disk takes more commits.
package struct DiskCheck: DoctorCheck {
    package static let name = "disk"

    let folder: String
    let freeBytes: UInt64
    let network: String?

    /// - Parameters:
    ///   - folder: where the database lies, or the nearest folder above that exists.
    ///   - network: the kind of a network file system; nil for a local one.
    package init(folder: String, freeBytes: UInt64, network: String?) {
        self.folder = folder
        self.freeBytes = freeBytes
        self.network = network
    }

    package var findings: [Finding] {
        let mebibytes = freeBytes >> 20
        let room =
            if mebibytes < 16 {
                finding(
                    .problem, "Only \(mebibytes) MiB are free in \(folder): soon nothing can be leased.",
                    mend: "make room on that disk")
            } else if mebibytes < 256 {
                finding(.warning, "Only \(mebibytes) MiB are free in \(folder).", mend: "make room on that disk")
            } else {
                finding(.ok, "\(amount(mebibytes)) are free in \(folder).")
            }
        guard let network else { return [room] }
        return [
            finding(
                .problem,
                "\(folder) lies on a network file system (\(network)), whose locks and shared memory cannot"
                    + " keep an SQLite log safe.", mend: "move the database to a disk of this host"),
            room,
        ]
    }

    private func amount(_ mebibytes: UInt64) -> String {
        mebibytes < 10_240 ? "\(mebibytes) MiB" : "\(mebibytes >> 10) GiB"
    }
}
