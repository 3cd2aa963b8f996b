import ArgumentParser

/// What is done to one session.
struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Work with one session.",
        discussion: """
            Release everything that alice holds:
              berth session end alice
            """,
        subcommands: [EndSession.self])
}
