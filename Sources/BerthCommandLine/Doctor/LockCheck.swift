/// Who holds the right to write the database.
package struct LockCheck: DoctorCheck {
    package static let name = "lock"

    let path: String
    let holder: Int32?
    let written: Int32?
    let command: String?

    /// - Parameters:
    ///   - holder: the process that holds the lock, by the kernel's word.
    ///   - written: the PID in the file.
    ///   - command: the command name of the holder, else of the process that has the written PID now.
    package init(path: String, holder: Int32?, written: Int32?, command: String?) {
        self.path = path
        self.holder = holder
        self.written = written
        self.command = command
    }

    package var findings: [Finding] {
        guard let holder else { return [finding(.ok, "Nobody holds \(path)\(lastHolder).")] }
        let name = command.map { " (\($0))" } ?? ""
        if command?.hasPrefix("berth") == false {
            return [
                finding(
                    .problem, "Process \(holder)\(name) holds \(path), and is no berth: none can serve the database.",
                    mend: "find out what process \(holder) does with the file, and end it")
            ]
        }
        if let written, written != holder {
            return [
                finding(
                    .note,
                    "Process \(holder)\(name) holds \(path), but \(written) stands in it: the file was written by"
                        + " somebody else, or counts PIDs of another namespace.")
            ]
        }
        return [finding(.ok, "Process \(holder)\(name) serves the database.")]
    }

    /// A file that stays behind is no fault: the lock is the kernel's, and it ended with its process.
    private var lastHolder: String {
        guard let written else { return "" }
        guard let command else { return "; its last holder, process \(written), is gone" }
        guard command.hasPrefix("berth") else {
            return
                "; its last holder, process \(written), is gone, and the number is another program's (\(command)) now"
        }
        return "; process \(written) (\(command)) held it last, and does not any more"
    }
}
