package import BerthAPI

/// The environment that a program gets for a lease.
package struct LeaseVariables: Sendable {
    /// Names and values in the order they are shown.
    package let all: [(name: String, value: String)]

    /// `PORT` and `PORT_1`…`PORT_n`, `HOST`, `BERTH_LEASE`, `BERTH_SESSION`, `BERTH_PORTS` (blanks between), for compose
    /// templates `USER_PORT_1`…`USER_PORT_n`, and for an agent `team-1` its `TEAM_1_PORT`.
    ///
    /// An agent whose name begins with a digit gets none: no shell could read it (POSIX, 3.216 Name).
    package init(_ lease: LeaseResource) {
        let numbered = lease.ports.enumerated().map { (index: $0.offset + 1, port: String($0.element)) }
        var all: [(name: String, value: String)] = []
        if let first = lease.ports.first { all.append(("PORT", String(first))) }
        all += numbered.map { ("PORT_\($0.index)", $0.port) }
        all.append(("HOST", "127.0.0.1"))
        all.append(("BERTH_LEASE", String(lease.id)))
        all.append(("BERTH_SESSION", lease.session))
        all.append(("BERTH_PORTS", lease.ports.map(String.init).joined(separator: " ")))
        all += numbered.map { ("USER_PORT_\($0.index)", $0.port) }
        for agent in lease.agents where agent.name.first?.isNumber == false {
            let name = agent.name.uppercased().replacing("-", with: "_") + "_PORT"
            all.append((name, String(agent.port)))
        }
        self.all = all
    }

    /// `export NAME=value` lines for a shell's `eval`.
    package var shell: String {
        all.map { "export \($0.name)=\(Self.quoted($0.value, in: "'"))\n" }.joined()
    }

    /// `NAME=value` lines. A value with blanks stands in double quotes, so that shells read the file as well.
    package var dotenv: String {
        all.map { "\($0.name)=\(Self.quoted($0.value, in: "\""))\n" }.joined()
    }

    /// One JSON object of texts, in the same order.
    package var json: String {
        "{" + all.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",") + "}\n"
    }

    /// The values hold only digits, blanks and the letters of names, so that quotes do for all.
    private static func quoted(_ value: String, in quote: String) -> String {
        value.contains(" ") ? quote + value + quote : value
    }
}

extension LeaseResource {
    /// A name for each port's socket, which LISTEN_FDNAMES has: its agent's, else `port-1`, `port-2` and so on.
    package var socketNames: [String] {
        ports.enumerated().map { offset, port in agents.first { $0.port == port }?.name ?? "port-\(offset + 1)" }
    }
}
