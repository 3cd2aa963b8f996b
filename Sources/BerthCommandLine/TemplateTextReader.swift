import BerthCore

/// Reads the placeholders of a template's texts: `{port}`, `{port:NAME}`, `{url:NAME}`, `{session}`, `{cidfile}` and its
/// variables; `{{` and `}}` stand for braces.
struct TemplateTextReader {
    let agents: [AgentName]
    let variables: [VariableName]
    /// Whether `{cidfile}` may stand there.
    let allowsCIDFile: Bool

    /// - Throws: ``ErrorCode/configuration`` with the text's place.
    func read(_ text: Setting<String>) throws(BerthError) -> TemplateText {
        guard !text.value.utf8.contains(0) else { throw .setting(text.source, "a text holds a NUL") }
        var pieces: [TemplateText.Piece] = []
        var variables: [VariableName] = []
        var literal = ""
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
        }
        var rest = text.value.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                rest.removeFirst()
                literal.unicodeScalars.append(scalar)
            case "}":
                throw .setting(text.source, "a '}' closes nothing in '\(text.value)'; write }} for a brace")
            case "{":
                guard let end = rest.firstIndex(of: "}") else {
                    throw .setting(text.source, "a '{' is not closed in '\(text.value)'; write {{ for a brace")
                }
                flush()
                switch try placeholder(String(rest[..<end]), text.source) {
                case .variable(let name): variables.append(name)
                case .piece(let piece): pieces.append(piece)
                }
                rest = rest[rest.index(after: end)...]
            default: literal.unicodeScalars.append(scalar)
            }
        }
        flush()
        guard let variable = variables.first else { return .pieces(pieces) }
        guard pieces.isEmpty, variables.count == 1 else {
            throw .setting(
                text.source,
                "the variable {\(variable)} fills a part of '\(text.value)': it must be the whole text, so that no value is"
                    + " taken for something else")
        }
        return .variable(variable)
    }

    private enum Placeholder {
        case variable(VariableName)
        case piece(TemplateText.Piece)
    }

    private func placeholder(_ name: String, _ source: SettingSource) throws(BerthError) -> Placeholder {
        switch name {
        case "port": return .piece(.port(nil))
        case "session": return .piece(.session)
        case "cidfile":
            guard allowsCIDFile else {
                throw .setting(source, "{cidfile} stands only in the texts of an agent with 'container: true'")
            }
            return .piece(.cidfile)
        default: break
        }
        if name.hasPrefix("port:") { return .piece(.port(try agent(name.dropFirst(5), source))) }
        if name.hasPrefix("url:") { return .piece(.url(try agent(name.dropFirst(4), source))) }
        guard let variable = variables.first(where: { $0.rawValue == name }) else {
            let names = variables.map { "{\($0)}" } + ["{port}", "{port:NAME}", "{url:NAME}", "{session}", "{cidfile}"]
            throw .setting(
                source,
                "there is nothing that {\(name)} stands for; there are: \(names.joined(separator: ", "))."
                    + " Write {{ and }} for braces")
        }
        return .variable(variable)
    }

    private func agent(_ name: Substring, _ source: SettingSource) throws(BerthError) -> AgentName {
        guard let agent = agents.first(where: { $0.rawValue == name }) else {
            let names = agents.map(\.rawValue).joined(separator: ", ")
            throw .setting(source, "the template has no agent '\(name)'; there are: \(names)")
        }
        return agent
    }
}
