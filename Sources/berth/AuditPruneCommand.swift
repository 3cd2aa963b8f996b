import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore

struct AuditPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Let old records go, into an archive beside the database.",
        discussion: """
            What is left still verifies. Leases that live stay, and so do those that a retry may ask about. To have it \
            done every day, set audit: { retain_days: 90 } in the configuration file.

              berth audit prune --before 90d
              berth audit prune --before 2026-01-01T00:00:00Z
            """)

    @Option(help: ArgumentHelp("An instant (RFC 3339), or how long ago: 90d.", valueName: "instant"))
    var before: PastArgument

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let report = try await daemon.connected { try await $0.pruneAudit(before: before.instant) }
        if json.isWanted {
            try Terminal.show(json: report)
        } else {
            try Terminal.show(report.sentence(before: before.instant) + "\n")
        }
    }
}
