/// Whether files and folders are safe from the host's other users, by what stat(2) tells of them.
package enum FileTrust {
    /// What lets other users put files into a folder or take them out; nil where nothing does.
    ///
    /// Whoever can do that to a file's folder can put a file of theirs in its place. In a folder with the sticky bit, such
    /// as `/tmp`, they can add files and touch nobody else's, so that it is enough to look whose each file is.
    /// - Parameters:
    ///   - mode: its twelve permission bits.
    ///   - owner: its owner's uid. Root may do everything anyway.
    ///   - user: the uid that relies on it.
    package static func fault(ofFolder mode: UInt32, owner: UInt32, user: UInt32) -> String? {
        let isSticky = mode & 0o1000 != 0
        return fault(ofCommands: isSticky ? mode & ~0o022 : mode, owner: owner, user: user)
    }

    /// What lets others decide on what a file says to run; nil where nothing does.
    /// - Parameters:
    ///   - mode: its twelve permission bits.
    ///   - owner: its owner's uid. Root may do everything anyway.
    ///   - user: the uid that runs what it says.
    package static func fault(ofCommands mode: UInt32, owner: UInt32, user: UInt32) -> String? {
        if owner != user, owner != 0 { return "belongs to user \(owner)" }
        return mode & 0o022 == 0 ? nil : "can be written by others (mode \(octal(mode)))"
    }

    /// Why a file cannot be taken for one's own; nil where it can.
    /// - Parameters:
    ///   - isOrdinary: whether it is a regular file, and no link, pipe or device.
    ///   - owner: its owner's uid.
    ///   - user: the uid that relies on it.
    package static func fault(isOrdinary: Bool, owner: UInt32, user: UInt32) -> String? {
        guard isOrdinary else { return "is no ordinary file" }
        return owner == user ? nil : "belongs to user \(owner), and this is user \(user)"
    }

    /// Permission bits as chmod(1) takes them.
    package static func octal(_ mode: UInt32) -> String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
