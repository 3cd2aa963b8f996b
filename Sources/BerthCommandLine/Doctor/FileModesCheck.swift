/// Whether the database's files are its user's alone.
package struct FileModesCheck: DoctorCheck {
    package static let name = "file-modes"

    /// A file as it is, and what it is for.
    package struct File: Sendable {
        /// What a file is for, which decides its mode.
        package enum Role: Sendable {
            case folder, database, lock, token
        }

        let path: String
        let role: Role
        let mode: UInt32
        let owner: UInt32
        let isLink: Bool

        /// - Parameters:
        ///   - mode: the permission bits.
        ///   - owner: the owner's uid.
        package init(path: String, role: Role, mode: UInt32, owner: UInt32, isLink: Bool) {
            self.path = path
            self.role = role
            self.mode = mode
            self.owner = owner
            self.isLink = isLink
        }
    }

    let files: [File]
    let user: UInt32

    /// - Parameter user: the uid that asks; root may ask for everybody.
    package init(files: [File], user: UInt32) {
        self.files = files
        self.user = user
    }

    package var findings: [Finding] {
        let wrong = files.flatMap { modes(of: $0) + owner(of: $0) }
        guard wrong.isEmpty else { return wrong }
        guard !files.isEmpty else { return [finding(.ok, "There are no files yet.")] }
        return [finding(.ok, "The folder and its files are user \(files[0].owner)'s alone.")]
    }

    private func modes(of file: File) -> [Finding] {
        // A link has no mode of its own; what matters is whether it is followed. On the way to a file it is.
        if file.isLink {
            guard file.role != .folder else { return [] }
            return [
                finding(
                    .problem, "\(file.path) is a symbolic link, which Berth does not follow here.",
                    mend: "put the file itself there")
            ]
        }
        let wanted: UInt32 = file.role == .folder ? 0o700 : 0o600
        let has = "\(file.path) has mode \(octal(file.mode)) instead of \(octal(wanted))"
        let mend = "chmod \(octal(wanted)) \(file.path)"
        if file.mode & wanted != wanted {
            return [finding(.problem, "\(has): its own user is kept out.", mend: mend)]
        }
        if file.mode & 0o022 != 0 {
            return [finding(.problem, "\(has): others may change it.", mend: mend)]
        }
        guard file.mode & 0o077 != 0 else { return [] }
        return [
            finding(
                file.role == .token ? .problem : .warning,
                file.role == .token
                    ? "\(has): whoever reads it is an administrator, and berth serve refuses to start."
                    : "\(has): others may read it.",
                mend: mend)
        ]
    }

    /// Everything belongs to the user of the database, else of the first file there is.
    private func owner(of file: File) -> [Finding] {
        let owner = (files.first { $0.role == .database } ?? files[0]).owner
        if file.owner != owner {
            return [
                finding(
                    .problem, "\(file.path) belongs to user \(file.owner), the database to user \(owner).",
                    mend: "chown \(owner) \(file.path)")
            ]
        }
        guard user != 0, user != owner, file.role == .database else { return [] }
        return [
            finding(
                .note, "\(file.path) belongs to user \(owner), and you are user \(user): you cannot serve it.",
                mend: "run Berth as user \(owner), or name another --database")
        ]
    }

    private func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
