import ArgumentParser
import BerthBenchmark

struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "fdatasync(2) of 4 KiB, one after the other.")

    @Option(help: "A folder on the disk to measure, which should be the database's.")
    var folder: String

    @OptionGroup var time: TimeOptions

    func run() throws {
        try report("sync") { () throws(BenchmarkError) in
            try SyncSpeed.measure(folder: folder, duration: time.measured)
        }
    }
}

struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "The sockets and binds of the daemon's probe of six ports, and nothing else.")

    @OptionGroup var time: TimeOptions

    func run() throws {
        try report("probe") { () throws(BenchmarkError) in try PortProbe().measure(duration: time.measured) }
    }
}

struct SQLiteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sqlite",
        abstract: "The statements of a grant and a release of a block of six, straight into SQLite.",
        discussion: """
            The database is a copy of one that a daemon made; it is changed. The latencies are those of whole
            transactions, which is what each change in one waits for.
            """)

    @Option(help: "The copy.")
    var database: String

    @Option(help: "Changes in each transaction.")
    var batch = 1

    @OptionGroup var time: TimeOptions

    func validate() throws {
        guard 1...1000 ~= batch else { throw ValidationError("--batch lies between 1 and 1000.") }
    }

    func run() throws {
        try report("sqlite") { () throws(BenchmarkError) in
            try SQLiteLoad(database: database, batch: batch).measure(
                warmUp: Nanoseconds(seconds: 0.2), duration: time.measured)
        }
    }
}
