/// What the `Connection` fields of a message name (RFC 9110, 7.6.1).
struct ConnectionOptions {
    /// In lower case, `close`, `keep-alive` and `upgrade` apart.
    private(set) var fields: Set<String> = []
    private(set) var hasUpgrade = false
    private(set) var hasKeepAlive = false
    private(set) var hasClose = false

    init(_ section: FieldSection) {
        guard section.has(.connection) else { return }
        for value in section[.connection] {
            for token in value.utf8.split(separator: UInt8(ascii: ",")) {
                let name = Self.lowered(token.drop(while: WireSyntax.isBlank).prefix { !WireSyntax.isBlank($0) })
                switch name {
                case "upgrade": hasUpgrade = true
                case "keep-alive": hasKeepAlive = true
                case "close": hasClose = true
                default: fields.insert(name)
                }
            }
        }
    }

    /// Whether a field was named and is so for the next hop alone.
    func names(_ field: FieldSection.Field, of section: FieldSection) -> Bool {
        !fields.isEmpty && fields.contains(Self.lowered(section.string(field.name).utf8))
    }

    private static func lowered(_ text: some Sequence<UInt8>) -> String {
        String(decoding: text.map(WireSyntax.lowered), as: UTF8.self)
    }
}
