import ArgumentParser

/// What is done to tokens.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and revoke tokens: ways in over TCP for others than the administrator.",
        discussion: """
            A way in for the CI, for 90 days and 50 ports at once:
              berth token create ci --max-ports 50 --expires 90d
            """,
        subcommands: [CreateToken.self, ListTokens.self, RevokeToken.self])
}
