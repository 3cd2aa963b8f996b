import BerthCore
import Glibc

/// Reads when an agent is ready, started anew, and how it is stopped.
struct AgentRulesReader {
    private static let seconds = 0.0...86_400.0
    /// Those that programs take for a wish to end, or that a supervisor may send.
    private static let signals: [(name: String, number: Int32)] = [
        ("HUP", SIGHUP), ("INT", SIGINT), ("KILL", SIGKILL), ("QUIT", SIGQUIT), ("TERM", SIGTERM), ("USR1", SIGUSR1),
        ("USR2", SIGUSR2),
    ]

    private enum Ready: String, CaseIterable { case tcp, card }

    let mistakes: Mistakes
    let reader: YAMLReader
    let start: SettingSource

    func readiness() -> Readiness {
        mistakes.attempt(start) { () throws(BerthError) in
            guard reader.isMapping("ready") else {
                guard let word = try reader.scalar("ready") else { return nil }
                switch Ready(rawValue: word.value) {
                case .tcp: return Readiness.tcp
                case .card: return Readiness.card
                case nil: throw BerthError.setting(word.source, "'ready' must be tcp, card or { http: /PATH }")
                }
            }
            guard let path = try reader.mapping("ready", known: ["http"])?.literal("http") else {
                throw BerthError.setting(start, "'ready' must be tcp, card or { http: /PATH }")
            }
            let isPath =
                path.value.hasPrefix("/") && path.value.utf8.count <= 1024
                && path.value.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }
            guard isPath else {
                throw BerthError.setting(
                    path.source, "'\(path.value)' is no path of a request: it begins with / and has visible ASCII alone"
                )
            }
            return .http(path: path.value)
        } ?? .tcp
    }

    func restart() -> RestartRule {
        let standard = RestartRule(policy: .onFailure, backoffSeconds: 1, maxBackoffSeconds: 60)
        guard reader.isMapping("restart") else {
            let policy = mistakes.attempt(start) { () throws(BerthError) in
                try reader.choice("restart", RestartRule.Policy.self)
            }
            return RestartRule(
                policy: policy?.value ?? standard.policy, backoffSeconds: standard.backoffSeconds,
                maxBackoffSeconds: standard.maxBackoffSeconds)
        }
        let rule = mistakes.attempt(start) { () throws(BerthError) in
            try reader.mapping("restart", known: ["policy", "backoff_seconds", "max_backoff_seconds"])
        }
        guard let rule else { return standard }
        let policy = attempt { () throws(BerthError) in try rule.choice("policy", RestartRule.Policy.self) }
        let first = attempt { () throws(BerthError) in try rule.number("backoff_seconds", Self.seconds) }
        let most = attempt { () throws(BerthError) in try rule.number("max_backoff_seconds", Self.seconds) }
        let backoff = first?.value ?? standard.backoffSeconds
        let longest = most?.value ?? max(standard.maxBackoffSeconds, backoff)
        if longest < backoff {
            mistakes.note(most?.source ?? start, "'max_backoff_seconds' is less than 'backoff_seconds'")
        }
        return RestartRule(
            policy: policy?.value ?? standard.policy, backoffSeconds: backoff, maxBackoffSeconds: longest)
    }

    func stop() -> StopRule {
        let rule = attempt { () throws(BerthError) in
            try reader.mapping("stop", known: ["signal", "grace_seconds"])
        }
        let signal = attempt { () throws(BerthError) -> Int32? in
            guard let name = try rule?.literal("signal") else { return nil }
            let short = name.value.hasPrefix("SIG") ? String(name.value.dropFirst(3)) : name.value
            guard let signal = Self.signals.first(where: { $0.name == short }) else {
                let names = Self.signals.map(\.name).joined(separator: ", ")
                throw .setting(name.source, "'\(name.value)' is no signal to stop with; there are: \(names)")
            }
            return signal.number
        }
        let grace = attempt { () throws(BerthError) in try rule?.number("grace_seconds", Self.seconds) }
        return StopRule(signal: signal ?? SIGTERM, graceSeconds: grace?.value ?? 10)
    }

    private func attempt<Value>(_ read: () throws(BerthError) -> Value?) -> Value? { mistakes.attempt(start, read) }
}
