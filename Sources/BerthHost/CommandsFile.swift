package import BerthCore
import Glibc

/// A file that says what this process is to run.
package enum CommandsFile {
    /// Refuses a file that other users can change, or put another one in the place of. Links are followed to it.
    /// - Throws: ``ErrorCode/configuration`` with what is wrong and what to do.
    package static func check(_ path: String) throws(BerthError) {
        var status = stat()
        // One that is no more was read, and cannot be read again.
        guard stat(path, &status) == 0 else { return }
        let user = geteuid()
        if let fault = FileTrust.fault(ofCommands: status.st_mode, owner: status.st_uid, user: user) {
            throw BerthError(
                .configuration,
                "The file \(path) \(fault), and its templates say what this daemon runs. Say chown \(user) \(path) && chmod"
                    + " go-w \(path), or name another file with --config.")
        }
        try StateFolder.check(for: path, option: "--config")
    }
}
