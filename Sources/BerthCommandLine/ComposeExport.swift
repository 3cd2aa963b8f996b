package import BerthAPI
internal import Crypto

/// What a Compose file needs to know of a lease (https://compose-spec.io).
package struct ComposeExport: Sendable {
    /// A service of a Compose file and the port that it listens on inside of its container.
    package struct Service: Hashable, Sendable {
        package let name: String
        package let containerPort: Int

        package init(name: String, containerPort: Int) {
            self.name = name
            self.containerPort = containerPort
        }

        /// Reads `agent_1=5001`.
        package init?(_ text: String) {
            guard let match = text.wholeMatch(of: /([A-Za-z0-9._-]{1,128})=([0-9]{1,5})/), let port = Int(match.2),
                (1...65_535).contains(port)
            else { return nil }
            self.init(name: String(match.1), containerPort: port)
        }
    }

    /// What the agents of the design note listen on.
    package static let standardContainerPort = 5001

    private let lease: LeaseResource

    package init(_ lease: LeaseResource) { self.lease = lease }

    /// Lines for `docker-compose --env-file`: what `berth run` sets, and COMPOSE_PROJECT_NAME, which keeps the containers of
    /// one session apart from those that another made of the same file.
    package var environment: String {
        LeaseVariables(lease).dotenv + "COMPOSE_PROJECT_NAME=\(project)\n"
    }

    /// A Compose file to lay over another, which publishes one port of the lease for each service, on 127.0.0.1 alone.
    ///
    /// Compose appends published ports, so it is for files that publish none themselves. The project's name stands in a
    /// comment, since Compose before version 2 takes none from a file.
    /// - Parameter services: as many as ports or fewer, in the order of the ports. Empty for one of each agent's name, and
    ///   `agent_2` for a second port without an agent, on ``standardContainerPort``.
    package func override(_ services: [Service]) -> String {
        let services =
            services.isEmpty
            ? lease.ports.enumerated().map { index, port in
                Service(
                    name: lease.agents.first { $0.port == port }?.name ?? "agent_\(index + 1)",
                    containerPort: Self.standardContainerPort)
            } : services
        var text = "# Session \(lease.session). Keep its containers apart from others' with: -p \(project)\nservices:\n"
        for (service, port) in zip(services, lease.ports) {
            text += "  \"\(service.name)\":\n    ports:\n      - \"127.0.0.1:\(port):\(service.containerPort)\"\n"
        }
        return text
    }

    /// The session's name as that of a Compose project, which has lower-case letters, digits, `-` and `_` alone. A name that
    /// has others, or is long, or could be mistaken for such a one, gets a piece of its SHA-256 behind it.
    package var project: String {
        let name = lease.session
        let isPlain = name.wholeMatch(of: /[a-z0-9_-]{1,48}/) != nil && name.firstMatch(of: /-[0-9a-f]{8}$/) == nil
        guard !isPlain else { return "berth-" + name }
        let head = name.lowercased().prefix(48).replacing(/[^a-z0-9_-]/, with: "-")
        let hash = SHA256.hash(data: Array(name.utf8)).prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return "berth-" + head + "-" + hash.joined()
    }
}
