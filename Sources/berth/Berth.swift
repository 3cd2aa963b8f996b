import ArgumentParser
import BerthClient
import BerthCommandLine
import BerthCore
import BerthHost

/// The one executable.
@main
struct Berth: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "berth",
        abstract: "Leases blocks of ports, so that no two programs on a host want the same one.",
        discussion: """
            Start a daemon, lease six ports, see who holds what:
              berth serve
              berth lease alice -n 6 --name agents
              berth list
            """,
        version: berthVersion,
        subcommands: [
            Serve.self, Run.self, LeaseCommand.self, Renew.self, Release.self, ListLeases.self, Show.self, Why.self,
            AuditCommand.self, BackupCommand.self, Pools.self, Sessions.self, SessionCommand.self, LogsCommand.self,
            Queue.self, TokenCommand.self, EnvCommand.self, ExportCommand.self, Reap.self, Doctor.self, Migrate.self,
            Version.self,
        ])

    static func main() async {
        SignalPipe.restoreQuit()
        if RunShim.isWanted { RunShim.run() }
        if AgentShim.isWanted { AgentShim.run() }
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            leave(with: error)
        }
    }

    /// Says what went wrong and exits with the code that stands for it: the API's table for what the daemon or Berth
    /// itself says, 64 for wrong usage, 70 for what nobody foresaw.
    private static func leave(with error: any Error) -> Never {
        switch error {
        case let error as ClientError:
            Terminal.say("berth: \(error.message)")
            exit(withError: ExitCode(error.exitCode))
        case let error as BerthError:
            Terminal.say("berth: \(error.message)")
            exit(withError: ExitCode(error.code.presentation.exitCode))
        case let error as UsageError:
            Terminal.say("berth: \(error.message)")
            exit(withError: ExitCode.validationFailure)
        default:
            guard exitCode(for: error) == .failure, !(error is ExitCode) else { exit(withError: error) }
            Terminal.say("berth: \(error)")
            exit(withError: ExitCode(ErrorCode.internal.presentation.exitCode))
        }
    }
}
