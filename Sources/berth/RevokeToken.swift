import ArgumentParser
import BerthClient
import BerthCore

struct RevokeToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Let a token let nobody in any more.",
        discussion: """
            It counts from the moment that this command ends. What was leased with the token stays leased until it ends \
            by its TTL, or until you end it:
              berth token revoke ci
              berth session end build
            """)

    @Argument(help: ArgumentHelp("The token's name.", valueName: "name"))
    var name: String

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if TokenName(rawValue: name) == nil { throw ValidationError("A token's name is \(TokenName.rule).") }
    }

    func run() async throws {
        try await daemon.connected { try await $0.revokeToken(name) }
        Terminal.remark("Revoked token \(name).")
    }
}
