internal import BerthCore

/// `{agent}.{label}.localhost`, perhaps with a port: a host name that stands for one agent of a session.
///
/// Browsers take every name under `localhost` to this host (RFC 6761, 6.3), so that each agent is an origin of its own.
struct AgentHost: Hashable {
    let agent: AgentName
    /// See ``SessionLabel``.
    let label: String
    let port: Int?

    /// Nil for any other host.
    init?(_ host: String) {
        let parts = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first?.lowercased() else { return nil }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 3, labels[2] == "localhost", let agent = AgentName(rawValue: String(labels[0])),
            Self.isLabel(labels[1])
        else { return nil }
        self.agent = agent
        label = String(labels[1])
        if parts.count == 1 {
            port = nil
        } else {
            guard let port = Self.port(parts[1]) else { return nil }
            self.port = port
        }
    }

    private static func isLabel(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.first != "0",
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
            number <= 65_535
        else { return nil }
        return number
    }
}
