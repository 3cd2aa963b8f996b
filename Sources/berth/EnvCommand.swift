import ArgumentParser
import BerthClient
import BerthCommandLine

struct EnvCommand: AsyncParsableCommand {
    /// How the variables are printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case dotenv, export, json
    }

    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Print a lease's ports as the variables that berth run sets.",
        discussion: """
            PORT and PORT_1, PORT_2 and so on, HOST, BERTH_LEASE, BERTH_SESSION, BERTH_PORTS, USER_PORT_1 and so on, and \
            TEAM_1_PORT for an agent named team-1.

            Into this shell, and into a file:
              eval "$(berth env --session alice --format export)"
              berth env --session alice > .env
            """)

    @OptionGroup var choice: LeaseChoice

    @Option(help: ArgumentHelp("What is printed: dotenv, export or json. Default: dotenv.", valueName: "format"))
    var format: Format?

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if json.isWanted, let format, format != .json {
            throw ValidationError("--json and --format \(format.rawValue) exclude each other.")
        }
    }

    func run() async throws {
        let variables = LeaseVariables(try await daemon.connected { try await choice.find($0) })
        switch json.isWanted ? .json : format ?? .dotenv {
        case .dotenv: try Terminal.show(variables.dotenv)
        case .export: try Terminal.show(variables.shell)
        case .json: try Terminal.show(variables.json)
        }
    }
}
