import BerthCommandLine
import BerthCore
import Glibc

extension Daemon {
    /// Checks that the templates' users are on this host, and that this daemon can start agents as them.
    func checkTemplateUsers() throws(BerthError) {
        try configuration.checkTemplateUsers(daemonUser: geteuid(), userID: Self.userID)
    }

    /// Nil where there is no such user (getpwnam_r(3)).
    private static func userID(_ name: String) throws(BerthError) -> UInt32? {
        var length = 1 << 12
        while length <= 1 << 22 {
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            var buffer = [CChar](repeating: 0, count: length)
            let outcome = getpwnam_r(name, &entry, &buffer, buffer.count, &found)
            switch outcome {
            case ERANGE: length *= 4
            case EINTR: continue
            // What POSIX allows for a name that is not there.
            case 0, ENOENT, ESRCH: return found == nil ? nil : entry.pw_uid
            default:
                throw BerthError(
                    .configuration, "The host cannot say who '\(name)' is: \(String(cString: strerror(outcome)))")
            }
        }
        return nil
    }
}
