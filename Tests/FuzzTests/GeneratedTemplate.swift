import BerthCore
import BerthTestSupport

/// A template of a generated configuration: what it says, and the lines that say it.
struct GeneratedTemplate {
    var name: String
    var pool: String?
    var agents: [String]
    var user: String?
    var idleSeconds: Int?
    var isForEverybody: Bool
    /// The defaults of its variables.
    var standards: [String?]
    /// Each text as it is written, and as it must be read.
    private var texts: [(written: String, read: TemplateText)]

    /// The command of every agent, and what its environment has in `T0`, `T1` and so on.
    var command: [TemplateText] { [.pieces([.literal("run")])] + texts.map(\.read) }
    var environment: [String: TemplateText] {
        Dictionary(texts.enumerated().map { ("T\($0.offset)", $0.element.read) }) { first, _ in first }
    }

    init(name: String, pool: String?, using random: inout SplitMix64) {
        self.name = name
        self.pool = pool
        // More agents than one would need a pool that is large enough for them.
        agents = [random.pick(["a", "team-1", "0"])]
        user = random.pick([nil, "draft", "1000"])
        idleSeconds = random.pick([nil, 1, 31_536_000])
        isForEverybody = random.happens(inPercent: 50)
        standards = random.pick([[], ["demo"], [nil, "x-1"]])
        let own: AgentName = .init(stringLiteral: agents[0])
        var pieces: [(String, TemplateText)] = [
            ("{port}", .pieces([.port(nil)])), ("a{{b}}c", .pieces([.literal("a{b}c")])),
            ("{session}/{session}", .pieces([.session, .literal("/"), .session])),
            ("{url:\(agents[0])}?x", .pieces([.url(own), .literal("?x")])),
            ("é {port:\(agents[0])}", .pieces([.literal("é "), .port(own)])),
        ]
        for index in standards.indices { pieces.append(("{v\(index)}", .variable(.init(stringLiteral: "v\(index)")))) }
        texts = []
        for _ in 0..<random.pick([0, 1, 3]) { texts.append(random.pick(pieces)) }
    }

    func lines(using random: inout SplitMix64) -> [String] {
        var lines = ["  \(name):"]
        if let pool { lines.append("    pool: \(pool)") }
        if let user { lines.append("    user: \(user)") }
        if let idleSeconds { lines.append("    idle_seconds: \(idleSeconds)") }
        if isForEverybody { lines.append(random.pick(["    allow: everybody", "    allow: [everybody]"])) }
        if !standards.isEmpty { lines.append("    variables:") }
        for (index, standard) in standards.enumerated() {
            let standard = standard.map { ", default: \"\($0)\"" } ?? ""
            lines.append("      v\(index): { pattern: '[a-z0-9-]+'\(standard) }")
        }
        lines.append("    agents:")
        for agent in agents {
            lines.append("      \"\(agent)\":")
            let arguments = ["run"] + texts.map { "\"\($0.written)\"" }
            lines.append("        command: [\(arguments.joined(separator: ", "))]")
            if texts.isEmpty { continue }
            lines.append("        environment:")
            for (index, text) in texts.enumerated() { lines.append("          T\(index): '\(text.written)'") }
        }
        return lines
    }
}
