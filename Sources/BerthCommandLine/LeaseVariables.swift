package import BerthAPI
import BerthCore

/// The environment that a program gets for a lease.
package struct LeaseVariables: Sendable {
    /// Names and values in the order they are shown.
    package let all: [(name: String, value: String)]

    /// See ``BlockVariables/list(lease:session:ports:agents:)``.
    package init(_ lease: LeaseResource) {
        all = BlockVariables.list(
            lease: lease.id, session: lease.session, ports: lease.ports,
            agents: lease.agents.map { (name: $0.name, port: $0.port) })
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
