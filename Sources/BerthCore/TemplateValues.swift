/// The variables of one session, checked against its template.
package struct TemplateValues: Hashable, Sendable {
    /// One for each variable that the template declares.
    package let all: [VariableName: String]

    /// - Parameter given: as the caller sent them. What it leaves out has its default.
    /// - Throws: `invalid-field`, with each variable that is wrong: unknown, missing, or not as its pattern wants it.
    package init(_ template: SessionTemplate, given: [String: String]) throws(BerthError) {
        var all: [VariableName: String] = [:]
        var errors: [FieldError] = []
        let declared = Set(template.variables.map(\.name.rawValue))
        // Thousands fit a request, and each is told with all the names that there are.
        for name in given.keys.filter({ !declared.contains($0) }).sorted().prefix(16) {
            let names = declared.isEmpty ? "it has none" : "there are: \(declared.sorted().joined(separator: ", "))"
            errors.append(
                FieldError(
                    field: "variables.\(name)", detail: "the template \(template.name) has no such variable; \(names)"))
        }
        for variable in template.variables {
            let field = "variables.\(variable.name)"
            guard let value = given[variable.name.rawValue] ?? variable.standard else {
                errors.append(FieldError(field: field, detail: "is required: it has no default"))
                continue
            }
            if let detail = variable.refusal(of: value, isArgument: template.usesAsArgument(variable.name)) {
                errors.append(FieldError(field: field, detail: detail))
            }
            all[variable.name] = value
        }
        guard errors.isEmpty else {
            throw BerthError(
                .invalidField, errors.map { "\($0.field): \($0.detail)" }.joined(separator: "; "), fields: errors)
        }
        self.all = all
    }
}

extension TemplateVariable {
    /// The longest value, in bytes.
    package static let maxBytes = 1024

    /// Why a pattern is no regular expression; nil when it is one.
    package static func problem(withPattern pattern: String) -> String? {
        do {
            _ = try expression(pattern)
            return nil
        } catch {
            return "'\(pattern)' is no regular expression: \(error)"
        }
    }

    /// Why a value is not taken; nil when it is.
    ///
    /// Whatever the pattern says, a value has no controls and no line ends, which logs and some parsers of configurations
    /// would take for something else. As an argument it does not begin with `-` either, since the program would take it for
    /// an option of its own, unless the pattern itself begins with `-`.
    package func refusal(of value: String, isArgument: Bool) -> String? {
        guard value.utf8.count <= Self.maxBytes else { return "has more than \(Self.maxBytes) bytes" }
        guard !value.unicodeScalars.contains(where: \.isControlOrLineEnd) else {
            return "holds a control character or a line end"
        }
        if isArgument, value.hasPrefix("-"), !wantsDash {
            return "begins with '-', and the program would take it for an option"
        }
        guard let expression = try? Self.expression(pattern), (try? expression.wholeMatch(in: value)) != nil else {
            return "must match \(pattern)"
        }
        return nil
    }

    private var wantsDash: Bool {
        let start = pattern.drop { $0 == "^" }
        return start.hasPrefix("-") || start.hasPrefix("\\-")
    }

    /// Scalars and ASCII classes, so that `[a-z]`, `\w` and `\d` mean what they say and a letter with an accent that was
    /// put behind it is two of them.
    private static func expression(_ pattern: String) throws -> Regex<AnyRegexOutput> {
        try Regex(pattern).matchingSemantics(.unicodeScalar).asciiOnlyCharacterClasses()
    }
}

extension SessionTemplate {
    /// Whether a variable fills an argument of some agent.
    package func usesAsArgument(_ variable: VariableName) -> Bool {
        agents.contains { $0.command.contains(.variable(variable)) }
    }
}

extension Unicode.Scalar {
    fileprivate var isControlOrLineEnd: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
