import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct Sessions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "List the sessions and what they hold.",
        discussion: """
            The names alone:
              berth sessions --json | jq -r '.sessions[].name'
            """)

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let sessions = try await daemon.connected { try await $0.sessions() }
        if json.isWanted {
            try Terminal.show(json: SessionPage(sessions: sessions, nextCursor: nil))
        } else {
            try Terminal.show(TextTable.sessions(sessions, now: Terminal.now).text(Terminal.style))
        }
    }
}
