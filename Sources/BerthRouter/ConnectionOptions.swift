internal import NIOHTTP1

/// What the `Connection` fields of a message name (RFC 9110, 7.6.1).
struct ConnectionOptions {
    /// In lower case, `close`, `keep-alive` and `upgrade` apart.
    let fields: Set<String>
    let hasUpgrade: Bool
    let hasKeepAlive: Bool
    let hasClose: Bool

    init(_ headers: HTTPHeaders) {
        var fields: Set<String> = []
        var (hasUpgrade, hasKeepAlive, hasClose) = (false, false, false)
        for value in headers["connection"] {
            for token in value.utf8.split(separator: UInt8(ascii: ",")) {
                let name = Substring(token.drop(while: Self.isSpace).prefix { !Self.isSpace($0) }).lowercased()
                switch name {
                case "upgrade": hasUpgrade = true
                case "keep-alive": hasKeepAlive = true
                case "close": hasClose = true
                default: fields.insert(name)
                }
            }
        }
        self.fields = fields
        self.hasUpgrade = hasUpgrade
        self.hasKeepAlive = hasKeepAlive
        self.hasClose = hasClose
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Whether a field was named and is so for the next hop alone.
    func names(_ field: String) -> Bool { !fields.isEmpty && fields.contains(field.lowercased()) }
}
