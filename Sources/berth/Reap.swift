import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct Reap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reap",
        abstract: "Sweep once now, and tell each decision with its evidence.",
        discussion: """
            Ends leases whose processes are gone or whose time has run out, and looks at resting ports. The daemon \
            does all of it by itself; this is for administrators who want to see it.

            What a sweep would do, without doing it:
              berth reap --dry-run
            """)

    @Flag(help: "Tell what would be done and change nothing.")
    var dryRun = false

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let report = try await daemon.connected { try await $0.reap(dryRun: dryRun) }
        if json.isWanted {
            try Terminal.show(json: report)
        } else {
            if !report.decisions.isEmpty {
                try Terminal.show(TextTable.decisions(report.decisions).text(Terminal.style))
            }
            Terminal.remark(report.summary)
        }
    }
}
