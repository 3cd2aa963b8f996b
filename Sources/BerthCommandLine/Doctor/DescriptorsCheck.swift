/// How many processes and connections a daemon can have an eye on at once.
package struct DescriptorsCheck: DoctorCheck {
    package static let name = "descriptors"

    /// A process takes one descriptor to watch, a connection one. Below this a busy host is likely to run out.
    package static let comfortable: UInt64 = 16_384
    /// What a daemon with its database, sockets and a few dozen agents needs.
    package static let least: UInt64 = 256

    let limit: UInt64?
    let isDaemons: Bool

    /// - Parameters:
    ///   - limit: the hard limit, to which a daemon raises its soft one; nil where it could not be read.
    ///   - isDaemons: whether it is the running daemon's, not this command's.
    package init(limit: UInt64?, isDaemons: Bool) {
        self.limit = limit
        self.isDaemons = isDaemons
    }

    package var findings: [Finding] {
        guard let limit else { return [finding(.note, "The limit of open files cannot be read.")] }
        let whose = isDaemons ? "The daemon" : "A daemon started from here"
        let mend = "raise it: LimitNOFILE=65536 in the systemd unit, or ulimit -Hn 65536"
        if limit < Self.least {
            return [finding(.problem, "\(whose) may open only \(limit) files at once.", mend: mend)]
        }
        if limit < Self.comfortable {
            return [
                finding(
                    .note,
                    "\(whose) may open \(limit) files at once, and needs one for each process and connection. Beyond"
                        + " that it finds deaths by sweeping.", mend: mend)
            ]
        }
        return [finding(.ok, "\(whose) may open \(limit == .max ? "any number of" : "\(limit)") files at once.")]
    }
}
