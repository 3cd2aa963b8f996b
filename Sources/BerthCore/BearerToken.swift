/// The value of an `Authorization` field that brings a token (RFC 6750, 2.1).
package enum BearerToken {
    /// The token of `Bearer <token>`; nil for any other scheme.
    package static func secret(in field: String) -> String? {
        let space = UInt8(ascii: " ")
        let field = field.utf8.drop { $0 == space }
        guard field.prefix(6).elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 }) else { return nil }
        let rest = field.dropFirst(6)
        let token = rest.drop { $0 == space }.prefix { $0 != space }
        guard rest.first == space, !token.isEmpty, rest[token.endIndex...].allSatisfy({ $0 == space }) else {
            return nil
        }
        return String(token)
    }
}
