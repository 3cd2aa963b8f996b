import ArgumentParser

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a lease's ports in another program's words.",
        discussion: """
            For docker-compose:
              berth export compose --session alice > alice.env
              docker-compose --env-file alice.env up
            """,
        subcommands: [ExportComposeCommand.self])
}
