import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct Pools: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pools",
        abstract: "List the pools and how full they are.",
        discussion: """
            The longest block that could be leased now:
              berth pools --json | jq '.pools[] | {name, largest_free_block}'
            """)

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let pools = try await daemon.connected { try await $0.pools() }
        if json.isWanted {
            try Terminal.show(json: PoolPage(pools: pools))
        } else {
            try Terminal.show(TextTable.pools(pools).text(Terminal.style))
        }
    }
}
