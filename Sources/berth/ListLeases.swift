import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct ListLeases: AsyncParsableCommand {
    /// Which leases are listed.
    enum State: String, ExpressibleByArgument, CaseIterable {
        case active, ended, all
    }

    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List leases.",
        discussion: """
            What alice holds and held:
              berth list --session alice --state all
            """)

    @Option(help: ArgumentHelp("Of this session alone.", valueName: "session"))
    var session: String?

    @Option(help: ArgumentHelp("active, ended or all.", valueName: "state"))
    var state = State.active

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        try await daemon.connected { client in
            if json.isWanted, !Terminal.showsData,
                let page = try await client.listAsWritten(session: session, state: state.rawValue)
            {
                return try Terminal.show(bytes: page + [UInt8(ascii: "\n")])
            }
            let leases = try await client.list(session: session, state: state.rawValue)
            if json.isWanted {
                try Terminal.show(json: LeasePage(leases: leases, nextCursor: nil))
            } else {
                try Terminal.show(TextTable.leases(leases, now: Terminal.now).text(Terminal.style))
            }
        }
    }
}
