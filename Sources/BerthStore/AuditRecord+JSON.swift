import BerthCore

/// A record as others get it: in the API, in its streams and in an archive.
extension AuditRecord {
    /// The members of ``json`` and the columns of ``csv``, in their order.
    package static let memberNames = [
        "seq", "at", "event", "lease_id", "session", "pool", "first_port", "count", "agent", "pid", "principal",
        "reason", "request_id", "holder", "details", "hash",
    ]

    /// One JSON object on one line, every member of it there. The details stand in it byte for byte as the hash covers
    /// them.
    package var json: String {
        var line = JSONLine()
        line.add("seq", seq)
        line.add("at", at.description)
        line.add("event", entry.event.rawValue)
        line.addOrNull("lease_id", entry.lease?.number)
        line.addOrNull("session", entry.session?.rawValue)
        line.addOrNull("pool", entry.pool?.rawValue)
        line.addOrNull("first_port", entry.block.map { Int64($0.first.number) })
        line.addOrNull("count", entry.block.map { Int64($0.count) })
        line.addOrNull("agent", entry.agent?.rawValue)
        line.addOrNull("pid", entry.pid.map { Int64($0) })
        line.add("principal", entry.principal.description)
        line.addOrNull("reason", entry.reason)
        line.addOrNull("request_id", entry.requestID)
        line.addOrNull("holder", entry.holder?.description)
        if let detailsText, !detailsText.utf8.contains(where: { $0 < 0x20 }) {
            line.add("details", raw: detailsText)
        } else {
            // Berth writes details on one line; what somebody else wrote must not break the line that it stands in.
            line.addOrNull("details", detailsText)
        }
        line.add("hash", hash.hexadecimal)
        return line.text ?? "{}"
    }

    /// One line of CSV (RFC 4180) without its end.
    package var csv: String {
        let members: [String?] = [
            String(seq), at.description, entry.event.rawValue, entry.lease?.description, entry.session?.rawValue,
            entry.pool?.rawValue, entry.block.map { String($0.first.number) }, entry.block.map { String($0.count) },
            entry.agent?.rawValue, entry.pid.map { String($0) }, entry.principal.description, entry.reason,
            entry.requestID, entry.holder?.description, detailsText, hash.hexadecimal,
        ]
        return members.map { Self.csvField($0 ?? "") }.joined(separator: ",")
    }

    private static func csvField(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 >= 0x20 }
        return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
