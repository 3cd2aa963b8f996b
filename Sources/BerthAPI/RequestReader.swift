import BerthCore

/// Reads a request's members and collects everything that is wrong with them, so that a caller mends all at once.
///
/// A member that the request does not have is an error: a typo never passes silently.
struct RequestReader {
    /// A member's name, whatever it is.
    struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// How many members that there are not are told of one by one.
    private static let toldMembers = 16

    private let container: KeyedDecodingContainer<Key>
    private(set) var errors: [FieldError] = []

    /// - Parameter known: every member that the request may have.
    init(_ decoder: any Decoder, known: Set<String>) throws {
        do {
            container = try decoder.container(keyedBy: Key.self)
        } catch is DecodingError {
            throw BerthError.invalid("body", "the request's body must be a JSON object")
        }
        let unknown = container.allKeys.map(\.stringValue).filter { !known.contains($0) }.sorted()
        // Thousands fit a body, and each is told with all the names that there are.
        for name in unknown.prefix(Self.toldMembers) {
            let names = known.sorted().joined(separator: ", ")
            fail(name, "there is no such member; there are: \(names)")
        }
        if unknown.count > Self.toldMembers {
            fail("body", "has \(unknown.count - Self.toldMembers) more members that there are not")
        }
    }

    /// Whether the member is there and null.
    func isNull(_ name: String) -> Bool {
        let key = Key(stringValue: name)
        guard container.contains(key) else { return false }
        return (try? container.decodeNil(forKey: key)) ?? false
    }

    /// Whether the member is there.
    func contains(_ name: String) -> Bool { container.contains(Key(stringValue: name)) }

    /// The member's value; nil when it is missing or wrong, which is then noted.
    mutating func value<Value: Decodable>(_ name: String, _ type: Value.Type, _ expected: String) -> Value? {
        let key = Key(stringValue: name)
        guard container.contains(key) else { return nil }
        do {
            return try container.decode(Value.self, forKey: key)
        } catch {
            fail(name, "must be \(expected)")
            return nil
        }
    }

    /// A whole number within bounds.
    mutating func integer<Number: FixedWidthInteger & Decodable & Sendable>(
        _ name: String, _ range: ClosedRange<Number>
    ) -> Number? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let number = value(name, Number.self, expected) else { return nil }
        guard range.contains(number) else {
            fail(name, "must be \(expected)")
            return nil
        }
        return number
    }

    /// A name by its type's rule.
    mutating func name<Name: CheckedName>(_ member: String, _ type: Name.Type) -> Name? {
        guard let text = value(member, String.self, "a text of \(Name.rule)") else { return nil }
        guard let name = Name(rawValue: text) else {
            fail(member, "must be \(Name.rule)")
            return nil
        }
        return name
    }

    /// Notes that the member must be there when it is not.
    mutating func require(_ name: String) {
        if !contains(name) { fail(name, "is required") }
    }

    mutating func fail(_ field: String, _ detail: String) {
        errors.append(FieldError(field: field, detail: detail))
    }

    /// - Throws: ``ErrorCode/invalidField`` with everything that was noted.
    func check() throws {
        guard !errors.isEmpty else { return }
        throw BerthError(
            .invalidField, errors.map { "\($0.field): \($0.detail)" }.joined(separator: "; "), fields: errors)
    }
}
