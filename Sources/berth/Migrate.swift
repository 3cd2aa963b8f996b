import ArgumentParser
import BerthCommandLine

struct Migrate: AsyncParsableCommand {
    /// What `--json` prints.
    struct Report: Encodable {
        var database: String
        var dryRun: Bool
        var migrations: [String]

        enum CodingKeys: String, CodingKey {
            case database, migrations
            case dryRun = "dry_run"
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring a database to this Berth's schema and print each migration.",
        discussion: """
            berth serve does the same when it starts. To see beforehand what it would do:
              berth migrate --dry-run
            """)

    @Flag(help: "Print what would be done and change nothing.")
    var dryRun = false

    @OptionGroup var json: JSONOption
    @OptionGroup var files: ConfigurationOptions

    func run() async throws {
        let database = try ConfigurationOptions.load(files.flags).database
        let migrations = try await Daemon.migrate(database: database, dryRun: dryRun)
        if json.isWanted {
            try Terminal.show(json: Report(database: database, dryRun: dryRun, migrations: migrations))
        } else {
            try Terminal.show(migrations.map { $0 + "\n" }.joined())
            if migrations.isEmpty { Terminal.remark("\(database) is up to date.") }
        }
    }
}
