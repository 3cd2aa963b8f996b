/// Whether the daemon of this database answers.
package struct DaemonCheck: DoctorCheck {
    package static let name = "daemon"

    /// What stands at the socket's path, and what it said.
    package enum Answer: Sendable {
        /// It takes work.
        case ready
        /// Somebody is there and says something else, in words.
        case strange(String)
        /// Somebody is there, and this user may not ask.
        case denied
        /// A socket that a dead process left.
        case stale
        case absent
        case notASocket
    }

    let socket: String?
    let answer: Answer
    let holder: Int32?

    /// - Parameters:
    ///   - socket: the daemon's socket; nil when the configuration wants none.
    ///   - holder: the process that serves the database.
    package init(socket: String?, answer: Answer, holder: Int32?) {
        self.socket = socket
        self.answer = answer
        self.holder = holder
    }

    package var findings: [Finding] {
        guard let socket else { return [finding(.note, "The configuration wants no socket, so none was asked.")] }
        return switch (answer, holder) {
        case (.ready, let holder?): [finding(.ok, "Process \(holder) answers on \(socket).")]
        case (.ready, nil):
            [
                finding(
                    .warning,
                    "A daemon answers on \(socket), but nobody holds this database's lock: it serves another.",
                    mend: "name its database with --database, or another --socket")
            ]
        case (.strange(let words), _):
            [
                finding(
                    .problem, "What answers on \(socket) takes no work: \(words)",
                    mend: "look into the daemon's log, and start it anew")
            ]
        case (.denied, _):
            [
                finding(
                    .note, "Somebody answers on \(socket), but the socket does not let you in.",
                    mend: "run berth doctor as the daemon's user, or as root")
            ]
        case (.notASocket, _):
            [
                finding(
                    .problem, "\(socket) is no socket, so no daemon can listen there.",
                    mend: "move that file away, or name another --socket")
            ]
        case (.absent, let holder?), (.stale, let holder?):
            [
                finding(
                    .warning,
                    "Process \(holder) serves the database, and nobody answers on \(socket): it has another"
                        + " socket or none, or is just starting.", mend: "name its socket with --socket")
            ]
        case (.stale, nil):
            [
                finding(
                    .note, "No daemon runs; the last one left \(socket) behind, and the next one takes it over.",
                    mend: "berth serve")
            ]
        case (.absent, nil): [finding(.note, "No daemon runs.", mend: "berth serve")]
        }
    }
}
