import BerthCommandLine
import BerthCore
import BerthHost
import Glibc

extension Daemon {
    /// Checks that nobody else decides on what this daemon starts.
    func checkTemplateFile() throws(BerthError) {
        guard !configuration.templates.isEmpty, let file = configuration.configurationFile else { return }
        try CommandsFile.check(file)
    }

    /// Checks that the templates' users are on this host, and that this daemon can start agents as them.
    func checkTemplateUsers() throws(BerthError) {
        try configuration.checkTemplateUsers(daemonUser: geteuid()) { name throws(BerthError) in
            do throws(SystemError) {
                return try UserAccount.named(name)?.uid
            } catch {
                throw BerthError(.configuration, "The host cannot say who '\(name)' is: \(error)", cause: error)
            }
        }
    }
}
