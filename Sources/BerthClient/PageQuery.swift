import BerthAPI

/// The query of a list's page. The first page names no cursor, every later one the cursor that the page before gave.
struct PageQuery {
    /// With its question mark.
    let text: String

    /// The most that a page may hold: fewer round trips for a long list.
    private static let limit = 1000

    /// - Parameter filters: names and values; one without a value is left out.
    init(_ filters: [(name: String, value: String?)], cursor: String?) {
        let all = filters + [("limit", String(Self.limit)), ("cursor", cursor)]
        let pairs = all.compactMap { name, value in value.map { "\(name)=\(APIPath.percentEncoded($0))" } }
        text = "?" + pairs.joined(separator: "&")
    }
}
