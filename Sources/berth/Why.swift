import ArgumentParser
import BerthClient
import BerthCommandLine

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell who holds a port, since when, on what evidence, and what is bound to it now.",
        discussion: """
            Works for any port, also for one in no pool. Of other users' ports you see the state alone, unless you \
            are an administrator.

            Which process keeps port 20010 from being leased:
              berth why 20010 --json | jq '.listeners[] | {pid, command}'
            """)

    @Argument(help: "The port, 1 to 65535.")
    var port: Int

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("Ports go from 1 to 65535.") }
    }

    func run() async throws {
        let port = try await daemon.connected { try await $0.port(self.port) }
        if json.isWanted {
            try Terminal.show(json: port)
        } else {
            try Terminal.show(port.explanation(now: Terminal.now, Terminal.style))
        }
    }
}
