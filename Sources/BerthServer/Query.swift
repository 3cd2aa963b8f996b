import BerthAPI
import BerthCore
import Hummingbird
import HummingbirdCore

/// A request's query parameters, each known to its route and given once.
package struct Query: Sendable {
    private var values: [String: String] = [:]

    /// - Throws: `invalid-field` for a parameter that the route does not have, or one that is given twice.
    init(_ uri: URI, allowed: Set<String>) throws(BerthError) {
        guard let query = uri.query else { return }
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count > 1 ? parts[1] : "") else {
                throw BerthError.invalid(String(parts[0]), "the query is not percent-encoded UTF-8")
            }
            guard allowed.contains(name) else {
                let names = allowed.isEmpty ? "none" : allowed.sorted().joined(separator: ", ")
                throw BerthError.invalid(name, "there is no such query parameter; there are: \(names)")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw BerthError.invalid(name, "is given twice")
            }
        }
    }

    /// Whether the parameter is there, with a value or without.
    func contains(_ name: String) -> Bool { values[name] != nil }

    func name<Name: CheckedName>(_ parameter: String, _ type: Name.Type) throws(BerthError) -> Name? {
        guard let text = values[parameter] else { return nil }
        guard let name = Name(rawValue: text) else { throw BerthError.invalid(parameter, "must be \(Name.rule)") }
        return name
    }

    func port(_ parameter: String) throws(BerthError) -> Port? {
        guard let text = values[parameter] else { return nil }
        guard let number = UInt16(text), let port = Port(number) else {
            throw BerthError.invalid(parameter, "must be a port, 1 to 65535")
        }
        return port
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ parameter: String, _ type: Choice.Type
    ) throws(BerthError) -> Choice? where Choice.RawValue == String {
        guard let text = values[parameter] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw BerthError.invalid(parameter, "must be one of: \(names)")
        }
        return choice
    }

    func number(_ parameter: String, atLeast least: Int64) throws(BerthError) -> Int64? {
        guard let text = values[parameter] else { return nil }
        guard let number = Int64(text), number >= least else {
            throw BerthError.invalid(parameter, "must be a whole number, \(least) or more")
        }
        return number
    }

    func instant(_ parameter: String) throws(BerthError) -> Instant? {
        guard let text = values[parameter] else { return nil }
        guard let instant = Instant(text) else {
            throw BerthError.invalid(parameter, "must be an instant like 2026-11-23T19:10:42.123Z (RFC 3339)")
        }
        return instant
    }

    func principal(_ parameter: String) throws(BerthError) -> Principal? {
        guard let text = values[parameter] else { return nil }
        let refusal = BerthError.invalid(parameter, "must be daemon, uid:<number> or token:<name>")
        guard let principal = Principal(text) else { throw refusal }
        if case .token(let name) = principal, TokenName(rawValue: name) == nil { throw refusal }
        return principal
    }

    /// `limit`, 1 to 1000, 100 when absent.
    func limit() throws(BerthError) -> Int {
        guard let text = values["limit"] else { return 100 }
        guard let limit = Int(text), (1...1000).contains(limit) else {
            throw BerthError.invalid("limit", "must be a whole number from 1 to 1000")
        }
        return limit
    }

    /// Where the page starts, from a reply's `next_cursor`.
    func cursor() throws(BerthError) -> Int64 {
        guard let text = values["cursor"] else { return 0 }
        guard let position = Cursor.position(text) else {
            throw BerthError.invalid("cursor", "is not one of this API's; give next_cursor as it came, percent-encoded")
        }
        return position
    }

    /// The same query for the next page.
    func link(to path: String, cursor: String) -> String {
        var parameters = values
        parameters["cursor"] = cursor
        let query = parameters.sorted { $0.key < $1.key }
            .map { "\(APIPath.percentEncoded($0.key))=\(APIPath.percentEncoded($0.value))" }.joined(separator: "&")
        return "<\(path)?\(query)>; rel=\"next\""
    }

    private static func decoded(_ text: Substring) -> String? {
        APIPath.percentDecoded(Substring(text.map { $0 == "+" ? " " : String($0) }.joined()))
    }
}
