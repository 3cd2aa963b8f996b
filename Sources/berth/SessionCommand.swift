import ArgumentParser

/// What is done to one session.
struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Work with one session.",
        discussion: """
            Start six agents from a template, see them, read what one wrote, and end them:
              berth session start fantasy-draft alice --var league=demo
              berth session ls
              berth session logs alice commissioner
              berth session end alice
            """,
        subcommands: [StartSession.self, ListMadeSessions.self, EndSession.self, LogsCommand.self])
}
