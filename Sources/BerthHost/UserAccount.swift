internal import Glibc

/// A user as the host's databases know it (getpwnam_r(3)).
package struct UserAccount: Hashable, Sendable {
    let name: String
    package let uid: UInt32
    let gid: UInt32
    let home: String
    let shell: String

    /// - Returns: nil where there is no such user.
    package static func named(_ name: String) throws(SystemError) -> UserAccount? {
        try look("getpwnam_r(3)") { getpwnam_r(name, $0, $1, $2, $3) }
    }

    /// - Returns: nil where no user has this number.
    static func numbered(_ uid: UInt32) throws(SystemError) -> UserAccount? {
        try look("getpwuid_r(3)") { getpwuid_r(uid, $0, $1, $2, $3) }
    }

    private typealias Entry = UnsafeMutablePointer<passwd>

    private static func look(
        _ call: String,
        _ ask: (Entry, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<Entry?>) -> Int32
    ) throws(SystemError) -> UserAccount? {
        var size = 1024
        while true {
            var entry = passwd()
            var found: Entry?
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            let result = ask(&entry, buffer, size, &found)
            switch result {
            case 0 where found == nil: return nil
            case 0:
                return UserAccount(
                    name: text(entry.pw_name), uid: entry.pw_uid, gid: entry.pw_gid, home: text(entry.pw_dir),
                    shell: text(entry.pw_shell))
            case ERANGE where size < 1 << 20: size *= 2
            case EINTR: continue
            // What POSIX allows for a name that is not there.
            case ENOENT, ESRCH: return nil
            default: throw SystemError(call, result)
            }
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }

    /// Makes this process the user's, with its groups, for good.
    func become() throws(SystemError) {
        guard initgroups(name, gid) == 0 else { throw SystemError("initgroups(3)", errno) }
        guard setgid(gid) == 0 else { throw SystemError("setgid(2)", errno) }
        guard setuid(uid) == 0 else { throw SystemError("setuid(2)", errno) }
    }
}
