import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct ExportComposeCommand: AsyncParsableCommand {
    /// What is written.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case env, override
    }

    static let configuration = CommandConfiguration(
        commandName: "compose",
        abstract: "Give a Compose file a lease's ports.",
        discussion: """
            env is a file for --env-file: it fills "${USER_PORT_1}:5001" of a template, and keeps each session's \
            containers apart by COMPOSE_PROJECT_NAME. override is a second Compose file, for one that publishes no ports \
            itself: it publishes a port of the lease for each service, on 127.0.0.1.

            The same template for each user, and a Compose file without ports:
              berth export compose --session alice > alice.env
              docker-compose --env-file alice.env -f docker-compose.template.yml up -d

              berth export compose --session alice --format override --service web=8080 --service db=5432 > alice.yml
              docker-compose -f docker-compose.yml -f alice.yml up -d
            """)

    @OptionGroup var choice: LeaseChoice

    @Option(help: ArgumentHelp("What is written: env or override. Default: env.", valueName: "format"))
    var format: Format?

    @Option(
        name: .customLong("service"),
        help: ArgumentHelp(
            "A service of the override with the port inside of its container; repeatable, in the order of the ports.",
            discussion: "Default: a service of each agent's name, or agent_1, agent_2 and so on, each with port 5001.",
            valueName: "name=port"))
    var services: [String] = []

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard services.isEmpty || format == .override else {
            throw ValidationError("--service is for --format override; with env the template says which port is whose.")
        }
        for text in services where ComposeExport.Service(text) == nil {
            throw ValidationError("--service: '\(text)' is no service with a port; write it like web=8080")
        }
        let names = services.compactMap { ComposeExport.Service($0)?.name }
        guard Set(names).count == names.count else { throw ValidationError("--service: a service is named twice.") }
    }

    func run() async throws {
        let lease = try await daemon.connected { try await choice.find($0) }
        guard services.count <= lease.count else {
            throw UsageError("The lease has \(lease.count) ports, too few for \(services.count) services.")
        }
        let export = ComposeExport(lease)
        switch format ?? .env {
        case .env: try Terminal.show(export.environment)
        case .override: try Terminal.show(export.override(services.compactMap { ComposeExport.Service($0) }))
        }
    }
}
