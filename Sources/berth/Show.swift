import ArgumentParser
import BerthClient
import BerthCommandLine

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about one lease, an ended one too.",
        discussion: """
            The process that lease 17 lives by:
              berth show 17 --json | jq .owner.pid
            """)

    @Argument(help: "The lease.")
    var id: Int64

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let lease = try await daemon.connected { try await $0.show(id) }
        if json.isWanted {
            try Terminal.show(json: lease)
        } else {
            try Terminal.show(lease.details(now: Terminal.now, Terminal.style))
        }
    }
}
