import BerthCore
import Yams

/// Reads a YAML mapping strictly: a key that is not known, or a value of another type, is an error with its line.
struct YAMLReader {
    let path: String
    private let entries: [(key: String, keyNode: Node, node: Node)]
    /// Where a key that there is not is noted; nil lets it be the end.
    private let mistakes: Mistakes?

    /// - Parameter known: every key that may stand there. Nil lets any key in: the names of pools.
    init(
        _ node: Node, path: String, name: String, known: Set<String>?, mistakes: Mistakes? = nil
    ) throws(BerthError) {
        self.path = path
        self.mistakes = mistakes
        if Self.isNull(node) {
            entries = []
            return
        }
        guard let mapping = node.mapping else {
            throw .setting(Self.source(path, node), "\(name) must be a mapping of names to values")
        }
        var entries: [(key: String, keyNode: Node, node: Node)] = []
        for (key, value) in mapping {
            let source = Self.source(path, key)
            guard let text = key.scalar?.string else {
                guard let mistakes else { throw .setting(source, "a key of \(name) must be a text") }
                mistakes.note(source, "a key of \(name) must be a text")
                continue
            }
            if let known, !known.contains(text) {
                let names = known.sorted().joined(separator: ", ")
                let detail = "there is no key '\(text)' in \(name); there are: \(names)"
                guard let mistakes else { throw .setting(source, detail) }
                mistakes.note(source, detail)
                continue
            }
            entries.append((text, key, value))
        }
        self.entries = entries
    }

    /// The keys in the file's order, with where they stand.
    var keys: [Setting<String>] { entries.map { Setting($0.key, Self.source(path, $0.keyNode)) } }

    /// Whether a mapping stands there.
    func isMapping(_ key: String) -> Bool { node(key)?.mapping != nil }

    func mapping(_ key: String, known: Set<String>?) throws(BerthError) -> YAMLReader? {
        guard let node = node(key) else { return nil }
        return try YAMLReader(node, path: path, name: "'\(key)'", known: known, mistakes: mistakes)
    }

    func text(_ key: String) throws(BerthError) -> Setting<String>? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar, Resolver.default.resolveTag(of: node) == .str, !scalar.string.isEmpty else {
            throw wrong(key, node, "a text")
        }
        return Setting(scalar.string, Self.source(path, node))
    }

    /// What stands there, digit by digit, whether YAML takes it for a text or for a number: 0660 would be another one.
    func literal(_ key: String) throws(BerthError) -> Setting<String>? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar, !scalar.string.isEmpty else { throw wrong(key, node, "a text") }
        return Setting(scalar.string, Self.source(path, node))
    }

    /// A text that may be empty, or a number as it stands there.
    func scalar(_ key: String) throws(BerthError) -> Setting<String>? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar, !Self.isNull(node) else { throw wrong(key, node, "a text") }
        return Setting(scalar.string, Self.source(path, node))
    }

    /// A list of texts, or a single one.
    func textOrTexts(_ key: String) throws(BerthError) -> [Setting<String>]? {
        guard let node = node(key) else { return nil }
        return node.scalar == nil ? try texts(key) : try scalar(key).map { [$0] }
    }

    /// One of the words that there are.
    func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: String, _ type: Choice.Type
    ) throws(BerthError) -> Setting<Choice>? {
        guard let text = try scalar(key) else { return nil }
        guard let choice = Choice(rawValue: text.value) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .setting(text.source, "'\(key)' must be one of: \(names)")
        }
        return Setting(choice, text.source)
    }

    func texts(_ key: String) throws(BerthError) -> [Setting<String>]? {
        guard let node = node(key) else { return nil }
        guard let sequence = node.sequence else { throw wrong(key, node, "a list") }
        var texts: [Setting<String>] = []
        for element in sequence {
            guard let scalar = element.scalar, !Self.isNull(element) else {
                throw wrong(key, element, "a list of texts")
            }
            texts.append(Setting(scalar.string, Self.source(path, element)))
        }
        return texts
    }

    func flag(_ key: String) throws(BerthError) -> Setting<Bool>? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar, scalar.style == .plain, let flag = Bool(scalar.string) else {
            throw wrong(key, node, "true or false")
        }
        return Setting(flag, Self.source(path, node))
    }

    /// A decimal whole number within bounds.
    func integer(_ key: String, _ bounds: ClosedRange<Int>) throws(BerthError) -> Setting<Int>? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar, scalar.style == .plain, let number = Int(scalar.string), bounds.contains(number)
        else { throw wrong(key, node, "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)") }
        return Setting(number, Self.source(path, node))
    }

    func number(_ key: String, _ bounds: ClosedRange<Double>) throws(BerthError) -> Setting<Double>? {
        guard let node = node(key) else { return nil }
        guard let scalar = node.scalar, scalar.style == .plain, let number = Double(scalar.string),
            bounds.contains(number)
        else { throw wrong(key, node, "a number from \(Int(bounds.lowerBound)) to \(Int(bounds.upperBound))") }
        return Setting(number, Self.source(path, node))
    }

    private func node(_ key: String) -> Node? { entries.first { $0.key == key }?.node }

    private func wrong(_ key: String, _ node: Node, _ expected: String) -> BerthError {
        .setting(Self.source(path, node), "'\(key)' must be \(expected)")
    }

    private static func source(_ path: String, _ node: Node) -> SettingSource { .file(path, line: node.mark?.line) }

    private static func isNull(_ node: Node) -> Bool { Resolver.default.resolveTag(of: node) == .null }
}
