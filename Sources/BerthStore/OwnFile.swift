import BerthCore
import Glibc

/// Files beside the database that Berth opens itself.
enum OwnFile {
    /// Takes away from others the right to open the file: a lock that somebody can read, they can hold.
    /// - Returns: why it cannot be taken for this user's own; nil where it can.
    static func fault(_ descriptor: Int32) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "cannot be looked at: \(String(cString: strerror(errno)))" }
        let isOrdinary = status.st_mode & S_IFMT == S_IFREG
        if let fault = FileTrust.fault(isOrdinary: isOrdinary, owner: status.st_uid, user: geteuid()) { return fault }
        guard status.st_mode & 0o077 == 0 || fchmod(descriptor, 0o600) == 0 else {
            return "can be opened by others: \(String(cString: strerror(errno)))"
        }
        return nil
    }

    /// What lets other users put a file of theirs in the place of one in this folder; nil where nothing does.
    static func fault(ofFolder folder: String) -> String? {
        var status = stat()
        guard stat(folder, &status) == 0 else { return nil }
        return FileTrust.fault(ofFolder: status.st_mode, owner: status.st_uid, user: geteuid())
    }
}
