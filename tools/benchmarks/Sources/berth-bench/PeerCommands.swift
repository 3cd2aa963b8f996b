import ArgumentParser
import BerthBenchmark

struct PortserverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portserver",
        abstract: "Allocations of a running portserver (of portpicker), each over a connection of its own.")

    @Option(help: "The portserver's socket: @NAME for one without a file, else a path.")
    var address: String

    @OptionGroup var load: LoadOptions
    @OptionGroup var time: TimeOptions

    func run() throws {
        try report("portserver") { () throws(BenchmarkError) in
            try PortserverLoad(endpoint: .unix(address)).measure(
                connections: load.connections, warmUp: load.warmUpTime, duration: time.measured, daemon: load.clock())
        }
    }
}

struct EtcdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "etcd",
        abstract: "Leases of a running etcd: LeaseGrant, then LeaseRevoke, each a change.")

    @Option(help: "Where etcd listens for clients without TLS: an IPv4 address and port.")
    var tcp: String

    @OptionGroup var load: LoadOptions
    @OptionGroup var time: TimeOptions

    func run() throws {
        try report("etcd") { () throws(BenchmarkError) in
            try EtcdLoad(address: tcp).measure(
                connections: load.connections, warmUp: load.warmUpTime, duration: time.measured, daemon: load.clock())
        }
    }
}
