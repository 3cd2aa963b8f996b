import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct LeaseCommand: AsyncParsableCommand {
    /// How the ports are printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case ports, env, dotenv, json
    }

    static let configuration = CommandConfiguration(
        commandName: "lease",
        abstract: "Lease consecutive ports and print them.",
        discussion: """
            With --name the same command gives the same lease again and renews it.

            Six ports for five minutes, and the same as variables of this shell:
              berth lease alice -n 6 --name agents --ttl 5m
              eval "$(berth lease alice -n 6 --name agents --format env)"
            """)

    @Argument(help: "The session that the lease belongs to.")
    var session: String

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How many ports.", valueName: "count"))
    var count = 1

    @Option(help: ArgumentHelp("A name inside the session; it makes leasing repeatable.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The pool. Default: default.", valueName: "pool"))
    var pool: String?

    @Option(help: ArgumentHelp("When it expires: 300, 5m, 1h30m, 90d. Default: the pool's.", valueName: "duration"))
    var ttl: DurationArgument?

    @Option(
        name: .customLong("owner-pid"),
        help: ArgumentHelp("The process whose life holds the lease, such as $$.", valueName: "pid"))
    var ownerPID: Int32?

    @Option(help: ArgumentHelp("Exactly the block that begins here.", valueName: "port"))
    var firstPort: Int?

    @Option(
        help: ArgumentHelp(
            "Wait in line for so long, an hour at most, instead of failing.", valueName: "duration"))
    var wait: WaitArgument?

    @Option(help: ArgumentHelp("What is printed: ports, env, dotenv or json.", valueName: "format"))
    var format: Format?

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if json.isWanted, let format, format != .json {
            throw ValidationError("--json and --format \(format.rawValue) exclude each other.")
        }
    }

    func run() async throws {
        let body = LeaseBody(
            session: session, count: count, name: name, pool: pool, ttlSeconds: ttl?.seconds, ownerPID: ownerPID,
            firstPort: firstPort)
        let lease = try await daemon.connected { client in
            try await WaitingLease.lease(body, wait: wait, from: client)
        }
        switch json.isWanted ? .json : format ?? .ports {
        case .ports: try Terminal.show(lease.ports.map(String.init).joined(separator: " ") + "\n")
        case .env: try Terminal.show(LeaseVariables(lease).shell)
        case .dotenv: try Terminal.show(LeaseVariables(lease).dotenv)
        case .json: try Terminal.show(json: lease)
        }
        Terminal.remark(lease.expiryNotice(now: Terminal.now))
    }
}
