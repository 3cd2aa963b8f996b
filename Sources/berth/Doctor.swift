import ArgumentParser
import BerthCommandLine
import BerthCore

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find what is wrong with this host or database, and tell how to mend it.",
        discussion: """
            It changes nothing and makes no file, and a daemon may run meanwhile. It looks at the database that \
            berth serve would use with the same options. Exits 0 unless it finds a problem, then 78.

            Only what is wrong:
              berth doctor --json | jq '.[] | select(.severity == "problem" or .severity == "warning")'
            """)

    @OptionGroup var files: ConfigurationOptions

    @Option(
        help: ArgumentHelp("The daemon's Unix socket [BERTH_SOCKET], or none.", valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp("The administrator's token [BERTH_TOKEN_FILE].", valueName: "path"), completion: .file())
    var tokenFile: String?

    @Option(
        name: .customLong("pool"),
        help: ArgumentHelp(
            "A pool as berth serve has it [BERTH_POOL]; repeatable.", valueName: "name=first-last[,first-last…]"))
    var pools: [String] = []

    @Option(
        name: .customLong("exclude"),
        help: ArgumentHelp("Ports as berth serve excludes them; repeatable.", valueName: "port[-port]"))
    var excluded: [String] = []

    @Option(help: ArgumentHelp("As berth serve has it [BERTH_QUARANTINE].", valueName: "seconds"))
    var quarantine: Double?

    @OptionGroup var json: JSONOption

    func run() async throws {
        var flags = files.flags
        flags.socket = socket
        flags.tokenFile = tokenFile
        flags.pools = pools
        flags.excluded = excluded
        flags.quarantineSeconds = quarantine
        let visit = DoctorVisit(configuration: try ConfigurationOptions.load(flags))
        let report = DoctorReport(await visit.checks())
        if json.isWanted {
            try Terminal.show(json: report.findings)
        } else {
            try Terminal.show(report.table(Terminal.style))
            Terminal.remark(report.summary)
        }
        if report.hasProblem { throw ExitCode(ErrorCode.configuration.presentation.exitCode) }
    }
}
