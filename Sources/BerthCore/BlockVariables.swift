/// The environment that a program gets for a block of ports, in the order in which it is shown.
package enum BlockVariables {
    /// `PORT` and `PORT_1`…`PORT_n`, `HOST`, `BERTH_LEASE`, `BERTH_SESSION`, `BERTH_PORTS` (blanks between), for compose
    /// templates `USER_PORT_1`…`USER_PORT_n`, and for an agent `team-1` its `TEAM_1_PORT`.
    ///
    /// An agent whose name begins with a digit gets none: no shell could read it (POSIX, 3.216 Name).
    package static func list(
        lease: Int64, session: String, ports: [Int], agents: [(name: String, port: Int)]
    ) -> [(name: String, value: String)] {
        let numbered = ports.enumerated().map { (index: $0.offset + 1, port: String($0.element)) }
        var all: [(name: String, value: String)] = []
        if let first = ports.first { all.append(("PORT", String(first))) }
        all += numbered.map { ("PORT_\($0.index)", $0.port) }
        all.append(("HOST", "127.0.0.1"))
        all.append(("BERTH_LEASE", String(lease)))
        all.append(("BERTH_SESSION", session))
        all.append(("BERTH_PORTS", ports.map(String.init).joined(separator: " ")))
        all += numbered.map { ("USER_PORT_\($0.index)", $0.port) }
        for agent in agents where agent.name.first?.isNumber == false {
            let name = agent.name.uppercased().split(separator: "-", omittingEmptySubsequences: false)
            all.append((name.joined(separator: "_") + "_PORT", String(agent.port)))
        }
        return all
    }
}
