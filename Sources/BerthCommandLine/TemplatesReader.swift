import BerthCore
import Yams

/// Reads `templates:` of the configuration file, and notes everything that is wrong there.
///
/// A template with a mistake is left out of the answer; what is noted keeps the daemon from starting.
struct TemplatesReader {
    private static let keys: Set<String> = [
        "allow", "user", "pool", "ready_seconds", "idle_seconds", "asleep", "card", "variables", "environment",
        "agents",
    ]

    private enum Asleep: String, CaseIterable {
        case keepPorts = "keep-ports"
        case releasePorts = "release-ports"
    }

    let mistakes: Mistakes

    func templates(_ root: Node, path: String) -> [TemplateSettings] {
        // The root's own keys were checked.
        guard let node = root.mapping?["templates"] else { return [] }
        let start = SettingSource.file(path, line: node.mark?.line)
        let reader = mistakes.attempt(start) { () throws(BerthError) in
            try YAMLReader(node, path: path, name: "'templates'", known: nil, mistakes: mistakes)
        }
        guard let reader else { return [] }
        return reader.keys.compactMap { key in
            guard let name = TemplateName(rawValue: key.value) else {
                mistakes.note(
                    key.source, "'\(key.value)' is no name for a template: it must be \(TemplateName.rule)")
                return nil
            }
            return template(name, key, reader)
        }
    }

    private func template(_ name: TemplateName, _ key: Setting<String>, _ templates: YAMLReader) -> TemplateSettings? {
        let reader = mistakes.attempt(key.source) { () throws(BerthError) in
            try templates.mapping(key.value, known: Self.keys)
        }
        guard let reader else { return nil }
        func place(_ key: String) -> SettingSource? { reader.keys.first { $0.value == key }?.source }
        func attempt<Value>(_ name: String, _ read: () throws(BerthError) -> Value?) -> Value? {
            mistakes.attempt(place(name) ?? key.source, read)
        }
        let user = attempt("user") { () throws(BerthError) in try self.user(reader) }
        let pool = attempt("pool") { () throws(BerthError) in try self.pool(reader) }
        let ready = attempt("ready_seconds") { () throws(BerthError) in try reader.integer("ready_seconds", 1...3600) }
        let card = attempt("card") { () throws(BerthError) in try reader.choice("card", CardRule.self) }
        let variables = TemplateVariablesReader(mistakes: mistakes).variables(reader, key.source)
        let agents = TemplateAgentsReader(mistakes: mistakes, variables: variables).agents(reader, key.source)
        let template = SessionTemplate(
            name: name, agents: agents, pool: pool?.value ?? .standard, access: access(reader, key.source),
            variables: variables, user: user?.value, readySeconds: ready?.value ?? 60, sleep: sleep(reader, key.source),
            card: card?.value ?? .rewrite)
        checkDefaults(of: template, reader, key.source)
        return TemplateSettings(
            template: template, poolSource: pool?.source ?? key.source, userSource: user?.source ?? key.source)
    }

    private func user(_ reader: YAMLReader) throws(BerthError) -> Setting<String>? {
        guard let user = try reader.literal("user") else { return nil }
        guard !user.value.utf8.contains(0) else { throw .setting(user.source, "'user' holds a NUL") }
        return user
    }

    private func pool(_ reader: YAMLReader) throws(BerthError) -> Setting<PoolName>? {
        guard let text = try reader.literal("pool") else { return nil }
        guard let name = PoolName(rawValue: text.value) else {
            throw .setting(text.source, "'\(text.value)' is no name for a pool: it must be \(PoolName.rule)")
        }
        return Setting(name, text.source)
    }

    private func sleep(_ reader: YAMLReader, _ start: SettingSource) -> SleepRule? {
        let idle = mistakes.attempt(start) { () throws(BerthError) in
            try reader.integer("idle_seconds", 1...31_536_000)
        }
        let asleep = mistakes.attempt(start) { () throws(BerthError) in try reader.choice("asleep", Asleep.self) }
        guard let idle else {
            if let asleep, !reader.keys.contains(where: { $0.value == "idle_seconds" }) {
                mistakes.note(asleep.source, "'asleep' needs 'idle_seconds': without it no session falls asleep")
            }
            return nil
        }
        return SleepRule(idleSeconds: idle.value, ports: asleep?.value == .releasePorts ? .release : .keep)
    }

    private func access(_ reader: YAMLReader, _ start: SettingSource) -> TemplateAccess {
        let words = mistakes.attempt(start) { () throws(BerthError) in try reader.textOrTexts("allow") }
        guard let words else { return .administrators }
        guard let first = words.first else {
            let place = reader.keys.first { $0.value == "allow" }?.source ?? start
            mistakes.note(place, "'allow' names nobody; write administrators where it is for them alone")
            return .administrators
        }
        if words.contains(where: { $0.value == "everybody" }) {
            if words.count > 1 { mistakes.note(first.source, "'allow' names others beside everybody") }
            return .everybody
        }
        var principals: Set<Principal> = []
        for word in words where word.value != "administrators" {
            switch Principal(word.value) {
            case .user(let id): principals.insert(.user(id))
            case .token(let name) where TokenName(rawValue: name) != nil: principals.insert(.token(name))
            default:
                mistakes.note(
                    word.source,
                    "'\(word.value)' is nobody who could be allowed; there are: administrators, everybody, uid:NUMBER,"
                        + " token:NAME")
            }
        }
        return principals.isEmpty ? .administrators : .principals(principals)
    }

    /// A default that the pattern, or what it fills, does not allow.
    private func checkDefaults(of template: SessionTemplate, _ reader: YAMLReader, _ start: SettingSource) {
        for variable in template.variables {
            guard let value = variable.standard else { continue }
            let isArgument = template.usesAsArgument(variable.name)
            guard TemplateVariable.problem(withPattern: variable.pattern) == nil,
                let detail = variable.refusal(of: value, isArgument: isArgument)
            else { continue }
            let place = mistakes.attempt(start) { () throws(BerthError) in
                try reader.mapping("variables", known: nil)?
                    .mapping(variable.name.rawValue, known: TemplateVariablesReader.keys)?.scalar("default")?.source
            }
            mistakes.note(place ?? start, "the default of '\(variable.name)' \(detail)")
        }
    }
}
