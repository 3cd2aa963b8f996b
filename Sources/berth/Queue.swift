import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct Queue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "List who waits in line, and for how long it may be.",
        discussion: """
            First come, first served: for a session's slot where all are in use, then for ports of the pool. The estimate \
            is a guess from how long leases were held lately; the span behind it is that of the middle half of them.

            Who waits for ports of the pool web:
              berth queue --pool web
            """)

    @Option(help: ArgumentHelp("Only this session's tickets.", valueName: "session"))
    var session: String?

    @Option(help: ArgumentHelp("Only the tickets that wait for this pool.", valueName: "pool"))
    var pool: String?

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let tickets = try await daemon.connected { try await $0.tickets(session: session, pool: pool) }
        if json.isWanted {
            try Terminal.show(json: TicketPage(tickets: tickets, nextCursor: nil))
        } else {
            try Terminal.show(TextTable.tickets(tickets, now: Terminal.now).text(Terminal.style))
        }
    }
}
