import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore
import FoundationEssentials

struct AuditListCommand: AsyncParsableCommand {
    /// How records are printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, ndjson, csv
    }

    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List records, the newest last; this is what berth audit does by itself.",
        discussion: """
            Everything that happened to alice's session, for a program:
              berth audit --session alice --format ndjson | jq 'select(.event == "lease.granted")'
            """)

    @Option(help: ArgumentHelp("About blocks that cover this port.", valueName: "port"))
    var port: Int?

    @Option(help: ArgumentHelp("About this session.", valueName: "session"))
    var session: String?

    @Option(help: ArgumentHelp("About this lease.", valueName: "id"))
    var lease: Int64?

    @Option(help: ArgumentHelp("About this pool.", valueName: "pool"))
    var pool: String?

    @Option(help: ArgumentHelp("Done by uid:<number>, token:<name> or daemon.", valueName: "principal"))
    var principal: String?

    @Option(help: ArgumentHelp("Of this kind, such as lease.granted.", valueName: "event"))
    var event: String?

    @Option(help: ArgumentHelp("From then on: an instant, or a span such as 2h or 7d ago.", valueName: "when"))
    var since: PastArgument?

    @Option(help: ArgumentHelp("Up to then.", valueName: "when"))
    var until: PastArgument?

    @Option(
        help: ArgumentHelp(
            "How many of the newest, 1 to 1000. Default: 100; everything for ndjson and csv.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("table, json, ndjson or csv.", valueName: "format"))
    var format = Format.table

    @Flag(name: [.short, .long], help: "Go on with each new record, until Ctrl-C.")
    var follow = false

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    private var chosen: Format { json.isWanted ? .json : format }

    func validate() throws {
        if let limit, !(1...1000).contains(limit) { throw ValidationError("--limit goes from 1 to 1000.") }
        if follow, until != nil { throw ValidationError("--follow has no end; leave --until out.") }
        if follow, chosen == .json || chosen == .csv {
            throw ValidationError("--follow prints a table or --format ndjson.")
        }
    }

    func run() async throws {
        let choice = AuditQuestion([
            ("port", port.map { String($0) }), ("session", session), ("lease", lease.map { String($0) }),
            ("pool", pool), ("principal", principal), ("event", event),
        ])
        let question = choice.with("since", since?.instant.description).with("until", until?.instant.description)
        try await daemon.connected { client in
            if !follow, chosen == .csv || chosen == .ndjson, limit == nil {
                let mediaType = chosen == .csv ? "text/csv" : "application/x-ndjson"
                return try await client.streamAudit(question, as: mediaType) { try Terminal.show(bytes: $0) }
            }
            if chosen == .csv {
                return try await client.streamAudit(question.with("limit", limit.map { String($0) }), as: "text/csv") {
                    try Terminal.show(bytes: $0)
                }
            }
            let lines = try await client.newestRecords(question, limit: limit ?? (follow ? 10 : 100))
            try show(lines)
            guard follow else { return }
            let last = try lines.last.map { try record($0).seq } ?? 0
            try await client.followEvents(
                choice, after: last, onLoss: { Terminal.remark("berth: \($0); trying again") }
            ) {
                try Terminal.show(chosen == .ndjson ? $0 + "\n" : record($0).followedLine(Terminal.style))
            }
        }
    }

    private func show(_ lines: [String]) throws {
        switch chosen {
        case .json: try Terminal.show("{\"events\":[\(lines.joined(separator: ","))],\"next_cursor\":null}\n")
        case .ndjson, .csv: try Terminal.show(lines.map { $0 + "\n" }.joined())
        case .table where follow:
            try Terminal.show(try lines.map { try record($0).followedLine(Terminal.style) }.joined())
        case .table:
            try Terminal.show(TextTable.records(try lines.map(record), now: Terminal.now).text(Terminal.style))
        }
    }

    private func record(_ line: String) throws -> AuditRecordResource {
        try JSONDecoder().decode(AuditRecordResource.self, from: Data(line.utf8))
    }
}
