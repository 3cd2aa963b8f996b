import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct Renew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Renew a lease and print when it expires now.",
        discussion: """
            Without --ttl the lease's own TTL counts again, and never shortens what is left.

            Another five minutes for lease 17:
              berth renew 17 --ttl 5m
            """)

    @Argument(help: "The lease.")
    var id: Int64

    @Option(help: ArgumentHelp("From now: 300, 5m, 1h30m, 90d.", valueName: "duration"))
    var ttl: DurationArgument?

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let lease = try await daemon.connected { try await $0.renew(id, ttlSeconds: ttl?.seconds) }
        if json.isWanted {
            try Terminal.show(json: lease)
        } else {
            try Terminal.show((lease.expiresAt ?? "never") + "\n")
        }
        Terminal.remark(lease.expiryNotice(now: Terminal.now))
    }
}
