import BerthCore

/// Reads a template's `agents:`, and the environment that they share.
struct TemplateAgentsReader {
    private static let keys: Set<String> = [
        "command", "environment", "working_directory", "ready", "restart", "stop", "container",
    ]

    let mistakes: Mistakes
    let variables: [TemplateVariable]

    func agents(_ template: YAMLReader, _ start: SettingSource) -> [AgentTemplate] {
        let reader = mistakes.attempt(start) { () throws(BerthError) in try template.mapping("agents", known: nil) }
        guard let reader, !reader.keys.isEmpty else {
            if reader != nil || !template.keys.contains(where: { $0.value == "agents" }) {
                mistakes.note(start, "a template needs agents: names, each with a command")
            }
            return []
        }
        let names = reader.keys.compactMap { AgentName(rawValue: $0.value) }
        let shared = environment(
            template, start, texts(names, allowsCIDFile: false))
        return reader.keys.compactMap { key in
            guard let name = AgentName(rawValue: key.value) else {
                mistakes.note(key.source, "'\(key.value)' is no name for an agent: it must be \(AgentName.rule)")
                return nil
            }
            return agent(name, key, reader, names, shared)
        }
    }

    private func agent(
        _ name: AgentName, _ key: Setting<String>, _ agents: YAMLReader, _ names: [AgentName],
        _ shared: [String: TemplateText]
    ) -> AgentTemplate? {
        let reader = mistakes.attempt(key.source) { () throws(BerthError) in
            try agents.mapping(key.value, known: Self.keys)
        }
        guard let reader else { return nil }
        let isContainer = mistakes.attempt(key.source) { () throws(BerthError) in try reader.flag("container") }
        let texts = texts(names, allowsCIDFile: isContainer?.value ?? false)
        let command = command(reader, key, texts)
        if isContainer?.value == true, !command.contains(where: \.namesCIDFile) {
            mistakes.note(
                key.source,
                "the container '\(name)' needs {cidfile} in its command, such as [docker, run, --cidfile, \"{cidfile}\", …]:"
                    + " Berth knows it by the id that stands there")
        }
        let own = environment(reader, key.source, texts)
        let rules = AgentRulesReader(mistakes: mistakes, reader: reader, start: key.source)
        return AgentTemplate(
            name: name, command: command, environment: shared.merging(own) { _, own in own },
            workingDirectory: workingDirectory(reader, key.source), readiness: rules.readiness(),
            restart: rules.restart(), stop: rules.stop(), isContainer: isContainer?.value ?? false)
    }

    private func texts(_ names: [AgentName], allowsCIDFile: Bool) -> TemplateTextReader {
        TemplateTextReader(agents: names, variables: variables.map(\.name), allowsCIDFile: allowsCIDFile)
    }

    private func command(_ reader: YAMLReader, _ key: Setting<String>, _ texts: TemplateTextReader) -> [TemplateText] {
        let words = mistakes.attempt(key.source) { () throws(BerthError) in
            guard let words = try reader.texts("command"), !words.isEmpty else {
                throw BerthError.setting(
                    key.source, "the agent '\(key.value)' needs a command: a list of the program and its arguments")
            }
            return words
        }
        guard let words else { return [] }
        return words.enumerated().compactMap { index, word in
            mistakes.attempt(word.source) { () throws(BerthError) in
                guard index > 0 || !word.value.isEmpty else {
                    throw BerthError.setting(word.source, "the command's first word, the program, is empty")
                }
                let text = try texts.read(word)
                if index == 0, case .variable(let variable) = text {
                    throw BerthError.setting(
                        word.source, "the variable {\(variable)} cannot be the program: it fills arguments only")
                }
                return text
            }
        }
    }

    private func environment(
        _ reader: YAMLReader, _ start: SettingSource, _ texts: TemplateTextReader
    ) -> [String: TemplateText] {
        let values = mistakes.attempt(start) { () throws(BerthError) in try reader.mapping("environment", known: nil) }
        guard let values else { return [:] }
        var environment: [String: TemplateText] = [:]
        for key in values.keys {
            if !Self.isEnvironmentName(key.value) {
                mistakes.note(
                    key.source,
                    "'\(key.value)' is no name of an environment variable: letters, digits and _, and no digit first")
            } else if key.value.hasPrefix("BERTH_") {
                mistakes.note(key.source, "'\(key.value)' is Berth's own: names that begin with BERTH_ are set by it")
            }
            environment[key.value] = mistakes.attempt(key.source) { () throws(BerthError) in
                guard let value = try values.scalar(key.value) else { return nil }
                return try texts.read(value)
            }
        }
        return environment
    }

    private static func isEnvironmentName(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count) && name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil
    }

    private func workingDirectory(_ reader: YAMLReader, _ start: SettingSource) -> String? {
        mistakes.attempt(start) { () throws(BerthError) in
            guard let path = try reader.literal("working_directory") else { return nil }
            guard path.value.hasPrefix("/") else {
                throw BerthError.setting(path.source, "'\(path.value)' is no absolute path: it must begin with /")
            }
            guard !path.value.utf8.contains(0) else { throw BerthError.setting(path.source, "a path holds a NUL") }
            return path.value
        }
    }
}

extension TemplateText {
    fileprivate var namesCIDFile: Bool {
        if case .pieces(let pieces) = self { pieces.contains(.cidfile) } else { false }
    }
}
