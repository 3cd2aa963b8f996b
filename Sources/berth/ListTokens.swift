import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct ListTokens: AsyncParsableCommand {
    /// Which tokens are listed.
    enum State: String, ExpressibleByArgument, CaseIterable {
        case active, ended, all
    }

    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the tokens, without their secrets.",
        discussion: """
            Those that were revoked or are past their end, too:
              berth token list --state all
            """)

    @Option(help: ArgumentHelp("active, ended or all.", valueName: "state"))
    var state = State.active

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let tokens = try await daemon.connected { try await $0.tokens(state: state.rawValue) }
        if json.isWanted {
            try Terminal.show(json: TokenPage(tokens: tokens, nextCursor: nil))
        } else {
            try Terminal.show(TextTable.tokens(tokens, now: Terminal.now).text(Terminal.style))
        }
    }
}
