import ArgumentParser
import BerthCommandLine
import BerthCore

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Show who did what to which lease, session and port, when and why.",
        discussion: """
            The history of a port, what happened last night, and what happens now:
              berth audit --port 20010
              berth audit --since 12h --event lease.orphaned
              berth audit -f
            """,
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self, AuditHeadCommand.self, AuditPruneCommand.self],
        defaultSubcommand: AuditListCommand.self)
}

/// A moment on the command line: an instant, or how long ago.
struct PastArgument: ExpressibleByArgument {
    let instant: Instant

    init?(argument: String) {
        guard let instant = PastInstant.read(argument, now: Terminal.now) else { return nil }
        self.instant = instant
    }
}
