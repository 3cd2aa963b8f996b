import ArgumentParser
import BerthClient

struct EndSession: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "Stop a session's agents, release every lease of it and cancel its waiting requests.",
        discussion: """
            All of it happens, or nothing:
              berth session end alice
            """)

    @Argument(help: "The session.")
    var session: String

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if session.isEmpty { throw ValidationError("The session needs a name.") }
    }

    func run() async throws {
        try await daemon.connected { try await $0.endSession(session) }
        Terminal.remark("Ended session \(session).")
    }
}
