import ArgumentParser

/// Exit status: 0; 1 for a failed measurement; 64 for usage.
@main
struct BerthBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "berth-bench",
        abstract: "Makes one measurement, and prints it as one line of JSON.",
        discussion: """
            The script `run` starts what is to be measured, calls this many times, and puts the figures side by side.
            Rates are per second, latencies in microseconds.
            """,
        subcommands: [
            HTTPCommand.self, PortserverCommand.self, EtcdCommand.self, SyncCommand.self, ProbeCommand.self,
            SQLiteCommand.self,
        ])
}
