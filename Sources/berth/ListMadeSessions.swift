import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct ListMadeSessions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the sessions with their templates and agents.",
        discussion: """
            What is active, and what was before:
              berth session ls
              berth session ls --all
            The agents of each, for a program:
              berth session ls --json | jq '.sessions[] | {name, agent_urls}'
            """)

    @Flag(help: "Ended ones too.")
    var all = false

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let sessions = try await daemon.connected { try await $0.sessions(state: all ? "all" : "active") }
        if json.isWanted {
            try Terminal.show(json: SessionPage(sessions: sessions, nextCursor: nil))
        } else {
            try Terminal.show(TextTable.madeSessions(sessions, now: Terminal.now).text(Terminal.style))
        }
    }
}
