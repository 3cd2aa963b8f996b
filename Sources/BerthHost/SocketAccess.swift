package import BerthCore
internal import Glibc

/// Who may connect to a Unix socket besides its own user, by the mode and the group of its file (unix(7)).
package struct SocketAccess: Sendable {
    private let mode: UInt32
    /// Nil for the daemon's own group.
    private let group: UInt32?

    /// - Parameter group: a group's name, or its number.
    /// - Throws: ``ErrorCode/configuration`` for a group that this host does not have, or that this process can't give a
    ///   file to.
    package init(mode: UInt32, group: String?) throws(BerthError) {
        self.mode = mode
        guard let name = group else {
            self.group = nil
            return
        }
        guard let number = Self.number(of: name) else {
            throw BerthError(
                .configuration,
                "There is no group '\(name)' on this host. Make it, or name another with --socket-group.")
        }
        guard geteuid() == 0 || number == getegid() || Self.supplementaryGroups().contains(number) else {
            throw BerthError(
                .configuration,
                "The daemon's user is no member of the group '\(name)', so that it can't give it the socket. Add it to"
                    + " the group, or name another with --socket-group.")
        }
        self.group = number
    }

    /// Gives the socket at `path` its group, and then its mode, so that no other group ever gets in.
    ///
    /// Until then it must be its user's alone: bind(2) has made it under a umask of 0077.
    package func apply(to path: String) throws(SystemError) {
        if let group, lchown(path, uid_t.max, group) != 0 { throw SystemError("chown(2) of \(path)", errno) }
        guard chmod(path, mode_t(mode)) == 0 else { throw SystemError("chmod(2) of \(path)", errno) }
    }

    /// Whether somebody may connect by this mode, whom no file keeps out: for a socket with an abstract name (unix(7)).
    /// A group counts as the effective one alone. Root and the daemon's own user always may.
    package func admits(_ peer: PeerCredentials) -> Bool {
        if mode & 0o006 != 0 || peer.uid == 0 || peer.uid == geteuid() { return true }
        return mode & 0o060 != 0 && peer.gid == group ?? getegid()
    }

    /// The folder on the way to `path` that those do not get through whom the socket lets in; nil when there is none.
    package func obstacle(on path: String) -> String? {
        guard mode & 0o066 != 0 else { return nil }
        var folders: [String] = []
        var rest = path[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            folders.append(rest.isEmpty ? "/" : String(rest))
        }
        return folders.reversed().first { !letsThrough($0) }
    }

    private func letsThrough(_ folder: String) -> Bool {
        var status = stat()
        // What can't be looked at is told where the socket is made.
        guard stat(folder, &status) == 0 else { return true }
        if status.st_mode & S_IXOTH != 0 { return true }
        return mode & 0o006 == 0 && status.st_gid == group ?? getegid() && status.st_mode & S_IXGRP != 0
    }

    private static func number(of name: String) -> UInt32? {
        var length = 1 << 12
        while length <= 1 << 22 {
            var entry = Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            var buffer = [CChar](repeating: 0, count: length)
            let outcome = getgrnam_r(name, &entry, &buffer, buffer.count, &found)
            if outcome == ERANGE {
                // A group of many members.
                length *= 4
                continue
            }
            if outcome == 0, found != nil { return entry.gr_gid }
            break
        }
        return UInt32(name)
    }

    private static func supplementaryGroups() -> [UInt32] {
        let count = getgroups(0, nil)
        guard count > 0 else { return [] }
        var groups = [gid_t](repeating: 0, count: Int(count))
        let written = getgroups(count, &groups)
        return Array(groups.prefix(Int(max(0, written))))
    }
}
