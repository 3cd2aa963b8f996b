import BerthCommandLine

enum Daemon {
    static func run(_ configuration: ServeConfiguration) async throws { print(configuration) }
    static func migrate(database: String, dryRun: Bool) async throws -> [String] { ["V001__leases"] }
}
