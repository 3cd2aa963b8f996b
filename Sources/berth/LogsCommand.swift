import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what the agents of a session wrote.",
        discussion: """
            The log of each agent is a bounded file: what is older is gone. With no AGENT each line has its agent's name in front.

            The last 20 lines of one agent, and all agents from now on:
              berth logs alice commissioner --tail 20
              berth logs alice -f --tail 0
            """)

    /// How much of a log is read where nobody says it, and at most.
    private static let standardBytes = 64 << 10
    private static let longestBytes = 1 << 20
    private static let pause = Duration.seconds(1)

    @Argument(help: "The session.")
    var session: String

    @Argument(help: "The agent. Default: all of them.")
    var agent: String?

    @Flag(name: [.short, .long], help: "Go on with what is written, until Ctrl-C.")
    var follow = false

    @Option(help: ArgumentHelp("The last so many lines, of the last megabyte at most.", valueName: "lines"))
    var tail: Int?

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if session.isEmpty { throw ValidationError("The session needs a name.") }
        if agent?.isEmpty == true { throw ValidationError("The agent needs a name.") }
        if let tail, tail < 0 { throw ValidationError("--tail takes a number of lines, 0 or more.") }
    }

    /// One agent's log on its way.
    private struct Source {
        let agent: String
        var lines: LogLines
        var end: Int64 = 0
    }

    func run() async throws {
        try await daemon.connected { client in
            var sources = try await sources(client)
            for index in sources.indices { try await showTail(&sources[index], client) }
            while follow {
                try await Task.sleep(for: Self.pause)
                for index in sources.indices { try await showNews(&sources[index], client) }
            }
        }
    }

    private func sources(_ client: BerthClient) async throws -> [Source] {
        if let agent { return [Source(agent: agent, lines: LogLines(name: nil, isForTerminal: Terminal.showsData))] }
        let names = try await client.agents(of: session).agents.map(\.agent.name)
        let width = names.map(\.count).max() ?? 0
        return names.map { name in
            Source(
                agent: name, lines: LogLines(name: name, width: width, isForTerminal: Terminal.showsData))
        }
    }

    private func showTail(_ source: inout Source, _ client: BerthClient) async throws {
        let bytes = tail.map { $0 == 0 ? 0 : Self.longestBytes } ?? Self.standardBytes
        let log = try await client.log(of: source.agent, in: session, .tail(bytes: bytes))
        source.end = log.end
        let wanted = tail.map { LogText.lastLines(log.bytes, $0) } ?? log.bytes[...]
        try Terminal.show(bytes: source.lines.add(wanted))
        if !follow { try Terminal.show(bytes: source.lines.end()) }
    }

    private func showNews(_ source: inout Source, _ client: BerthClient) async throws {
        while true {
            let log = try await client.log(of: source.agent, in: session, .after(source.end))
            source.end = log.end
            guard !log.bytes.isEmpty else { return }
            try Terminal.show(bytes: source.lines.add(log.bytes))
        }
    }
}
