import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore

struct CreateToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token, and print it this once.",
        discussion: """
            The daemon keeps a hash of it and nothing else, so it can be shown to nobody again. What its bearer leases \
            belongs to token:NAME, and nobody else's leases are seen with it. To have another one of the same name, \
            revoke it first; what belongs to the name goes over to the new one.

              BERTH_URL=http://127.0.0.1:7117 BERTH_TOKEN=$(berth token create ci) berth lease build -n 2
            """)

    @Argument(help: ArgumentHelp("1 to 63 characters of a-z 0-9 -.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("How many ports its leases may have together. Default: any number.", valueName: "n"))
    var maxPorts: Int?

    @Option(help: ArgumentHelp("After how long it lets nobody in any more. Default: never.", valueName: "duration"))
    var expires: DurationArgument?

    @Flag(
        name: .customLong("allow-pids"),
        help: "Let its bearer name processes of the daemon's host as owners and agents.")
    var allowsPIDs = false

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if TokenName(rawValue: name) == nil { throw ValidationError("A token's name is \(TokenName.rule).") }
        if let maxPorts, !RequestBounds.quota.contains(maxPorts) {
            throw ValidationError("--max-ports is a number from 1 to 65535.")
        }
        if let expires, !RequestBounds.ttlSeconds.contains(expires.seconds) {
            throw ValidationError("--expires is a length of time from 1s to ten years, such as 90d.")
        }
    }

    func run() async throws {
        guard let name = TokenName(rawValue: name) else { return }
        let wish = TokenWish(
            name: name, terms: TokenTerms(maxPorts: maxPorts, mayNameProcesses: allowsPIDs),
            ttlSeconds: expires?.seconds)
        let created = try await daemon.connected { try await $0.createToken(wish) }
        if json.isWanted { return try Terminal.show(json: created) }
        guard let token = created.token else {
            throw BerthError(
                .internal, "The daemon made the token and did not tell it. Revoke it: berth token revoke \(name)")
        }
        try Terminal.show(token + "\n")
        Terminal.remark("This is token:\(name). It is shown this once.")
    }
}
