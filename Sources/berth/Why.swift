import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore
import FoundationEssentials

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tell who holds a port, since when, on what evidence, and what is bound to it now.",
        discussion: """
            Works for any port, also for one in no pool. Of other users' ports you see the state alone, unless you \
            are an administrator.

            Which process keeps port 20010 from being leased:
              berth why 20010 --json | jq '.listeners[] | {pid, command}'

            Whose it was last Tuesday:
              berth why 20010 --at 2026-11-17T14:02:00Z
            """)

    @Argument(help: "The port, 1 to 65535.")
    var port: Int

    @Option(help: ArgumentHelp("Whose it was then: an instant, or a span such as 2h or 7d ago.", valueName: "when"))
    var at: PastArgument?

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("Ports go from 1 to 65535.") }
    }

    func run() async throws {
        if let at { return try await explain(at.instant.description) }
        let port = try await daemon.connected { try await $0.port(self.port) }
        if json.isWanted {
            try Terminal.show(json: port)
        } else {
            try Terminal.show(port.explanation(now: Terminal.now, Terminal.style))
        }
    }

    /// What the audit says of that moment, and of what came right before and behind it.
    private func explain(_ instant: String) async throws {
        try await daemon.connected { client in
            let history = try await client.port(port, at: instant)
            guard !json.isWanted else { return try Terminal.show(json: history) }
            let question = AuditQuestion([("port", String(port))])
            let before = try await client.newestRecords(question.with("until", instant), limit: 5).map(record)
            var after: [AuditRecordResource] = []
            let behind = question.with("after", String(before.last?.seq ?? 0)).with("limit", "3")
            var text: [UInt8] = []
            try await client.streamAudit(behind, as: "application/x-ndjson") { text += $0 }
            after = try text.split(separator: UInt8(ascii: "\n")).map {
                try record(String(decoding: $0, as: UTF8.self))
            }
            try Terminal.show(history.explanation(before: before, after: after, now: Terminal.now, Terminal.style))
        }
    }

    private func record(_ line: String) throws -> AuditRecordResource {
        try JSONDecoder().decode(AuditRecordResource.self, from: Data(line.utf8))
    }
}
