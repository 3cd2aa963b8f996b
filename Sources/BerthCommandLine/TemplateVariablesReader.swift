import BerthCore

/// Reads a template's `variables:`.
struct TemplateVariablesReader {
    static let keys: Set<String> = ["pattern", "default"]
    /// Longer ones are programs, and cost whoever starts a session time.
    private static let maxPatternBytes = 1024

    let mistakes: Mistakes

    func variables(_ template: YAMLReader, _ start: SettingSource) -> [TemplateVariable] {
        let reader = mistakes.attempt(start) { () throws(BerthError) in try template.mapping("variables", known: nil) }
        guard let reader else { return [] }
        return reader.keys.compactMap { key in
            guard let name = VariableName(rawValue: key.value) else {
                mistakes.note(key.source, "'\(key.value)' is no name for a variable: it must be \(VariableName.rule)")
                return nil
            }
            return variable(name, key, reader)
        }
    }

    private func variable(_ name: VariableName, _ key: Setting<String>, _ variables: YAMLReader) -> TemplateVariable? {
        let reader = mistakes.attempt(key.source) { () throws(BerthError) in
            try variables.mapping(key.value, known: Self.keys)
        }
        guard let reader else { return nil }
        let standard = mistakes.attempt(key.source) { () throws(BerthError) in try reader.scalar("default") }
        let pattern = mistakes.attempt(key.source) { () throws(BerthError) in
            guard let pattern = try reader.literal("pattern") else {
                throw BerthError.setting(
                    key.source,
                    "the variable '\(name)' needs a pattern that its values match, such as \"[a-z0-9-]{1,40}\"")
            }
            guard pattern.value.utf8.count <= Self.maxPatternBytes else {
                throw BerthError.setting(pattern.source, "a pattern has at most \(Self.maxPatternBytes) bytes")
            }
            if let problem = TemplateVariable.problem(withPattern: pattern.value) {
                throw BerthError.setting(pattern.source, problem)
            }
            return pattern
        }
        // Where the pattern is wrong, the name is known all the same to those who use it.
        return TemplateVariable(name: name, pattern: pattern?.value ?? ".*", standard: standard?.value)
    }
}
