internal import Crypto

/// A name for exactly these bytes (RFC 9110, 8.8.3).
package struct EntityTag: Hashable, Sendable, CustomStringConvertible {
    /// With its quotes, and `W/` in front of a weak one.
    package let description: String

    /// A strong one: the first half of the body's SHA-256.
    package init(of body: [UInt8]) {
        let digits = SHA256.hash(data: body).prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        description = "\"\(digits.joined())\""
    }

    /// As a field has it.
    package init(field: String) { description = field }

    /// Whether the client has what this names, by the values of its `If-None-Match` (RFC 9110, 13.1.2): the answer is 304
    /// then. Weak tags name what strong ones do.
    package func isNamed(by values: [String]) -> Bool {
        values.contains { value in
            let tags = Self.tags(value)
            return tags == ["*"] || tags.contains(opaque)
        }
    }

    private var opaque: Substring { description.hasPrefix("W/") ? description.dropFirst(2) : description[...] }

    /// The tags of a list, without `W/`. Commas may stand inside of quotes. What is no list has none.
    private static func tags(_ value: String) -> [Substring] {
        var tags: [Substring] = []
        var rest = value.drop { " \t,".contains($0) }
        while !rest.isEmpty {
            if rest.hasPrefix("*") {
                tags.append("*")
                rest = rest.dropFirst()
            } else {
                if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
                guard rest.hasPrefix("\""), let end = rest.dropFirst().firstIndex(of: "\"") else { return [] }
                tags.append(rest[...end])
                rest = rest[end...].dropFirst()
            }
            guard rest.isEmpty || " \t,".contains(rest.first ?? ",") else { return [] }
            rest = rest.drop { " \t,".contains($0) }
        }
        return tags
    }
}
