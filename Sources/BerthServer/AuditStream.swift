import BerthCore
import BerthLeasing
import BerthStore
import HTTPTypes
import Hummingbird
import NIOCore

/// The whole answer to a question about the audit, record after record.
///
/// It holds one page at a time, and reads the next one when the reader has taken the last: memory stays the same
/// however long the answer is, and no read transaction stays open to keep the log from being emptied.
struct AuditStream {
    /// How records are written.
    enum Format: CaseIterable {
        case ndjson, csv

        var mediaType: String {
            switch self {
            case .ndjson: "application/x-ndjson"
            case .csv: "text/csv; charset=utf-8; header=present"
            }
        }

        /// The stream that the header prefers to a page of JSON; nil when it prefers the page or knows neither.
        init?(accept: String?) {
            var best: (format: Format?, quality: Double) = (nil, 0)
            for part in (accept ?? "").split(separator: ",") {
                let parameters = part.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
                let quality =
                    parameters.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
                let format: Format?
                switch parameters.first {
                case "application/x-ndjson", "application/jsonl": format = .ndjson
                case "text/csv": format = .csv
                case "application/json", "application/*", "*/*": format = nil
                default: continue
                }
                if quality > best.quality { best = (format, quality) }
            }
            guard let format = best.format else { return nil }
            self = format
        }

        var head: String {
            switch self {
            case .ndjson: ""
            case .csv: AuditRecord.memberNames.joined(separator: ",") + "\r\n"
            }
        }

        func line(_ record: AuditRecord) -> String {
            switch self {
            case .ndjson: record.json + "\n"
            case .csv: record.csv + "\r\n"
            }
        }
    }

    let manager: LeaseManager
    let caller: Caller
    let format: Format

    /// Records fetched at once.
    static let pageSize = 500

    /// - Parameter limit: how many records at most; nil for all that there are when the stream begins.
    func response(_ filter: AuditFilter, limit: Int?) -> Response {
        var filter = filter
        filter.through = manager.auditTail.seq
        let asked = filter
        return Response(
            status: .ok, headers: [.contentType: format.mediaType],
            body: ResponseBody { writer in
                try await write(asked, limit: limit, to: &writer)
                try await writer.finish(nil)
            })
    }

    private func write(_ filter: AuditFilter, limit: Int?, to writer: inout any ResponseBodyWriter) async throws {
        var filter = filter
        var left = limit ?? .max
        var buffer = ByteBuffer(string: format.head)
        while left > 0 {
            filter.limit = min(left, Self.pageSize)
            let page = try await manager.audit(filter, for: caller)
            for record in page { buffer.writeString(format.line(record)) }
            if buffer.readableBytes > 0 { try await writer.write(buffer) }
            buffer.clear()
            guard page.count == filter.limit, let last = page.last else { return }
            filter.cursor = last.seq
            left -= page.count
        }
    }
}
