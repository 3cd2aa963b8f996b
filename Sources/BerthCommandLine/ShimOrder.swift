/// What `berth run` tells the shim that becomes its command, as the shim's arguments: everything before the `--`.
package struct ShimOrder: Hashable, Sendable {
    /// The first argument, which tells a shim from every other command. Not for people: no help names it.
    package static let verb = "run-shim"

    /// The end of a pipe from which the shim reads its ``ShimOrders``.
    package let orders: Int32
    /// The end of a pipe to which the shim writes why it failed. It closes by itself when the command starts.
    package let report: Int32
    /// The lease that the command belongs to.
    package let lease: Int64
    /// Descriptors that `berth run` itself was started with, as a job server's of make: the command has them too.
    package let inherited: [Int32]
    /// Listening sockets for the command, one for each port.
    package let sockets: [Int32]
    /// Their names.
    package let socketNames: [String]

    package init(
        orders: Int32, report: Int32, lease: Int64, inherited: [Int32], sockets: [Int32], socketNames: [String]
    ) {
        self.orders = orders
        self.report = report
        self.lease = lease
        self.inherited = inherited
        self.sockets = sockets
        self.socketNames = socketNames
    }

    /// Reads what ``arguments`` wrote; nil for anything else.
    package init?(arguments: some Collection<String>) {
        let words = Array(arguments.prefix { $0 != "--" })
        guard words.count == 7, words[0] == Self.verb, let orders = Int32(words[1]), let report = Int32(words[2]),
            let lease = Int64(words[3])
        else { return nil }
        let inherited = words[4].split(separator: ",").compactMap { Int32($0) }
        let sockets = words[5].split(separator: ",").compactMap { Int32($0) }
        let names = words[6].split(separator: ":").map(String.init)
        guard sockets.count == names.count else { return nil }
        self.init(
            orders: orders, report: report, lease: lease, inherited: inherited, sockets: sockets, socketNames: names)
    }

    package var arguments: [String] {
        [
            Self.verb, String(orders), String(report), String(lease),
            inherited.map(String.init).joined(separator: ","),
            sockets.map(String.init).joined(separator: ","), socketNames.joined(separator: ":"),
        ]
    }
}

/// Why a shim could not become its command.
package struct ShimReport: Error, Hashable, Sendable {
    package let exitCode: Int32
    package let message: String

    package init(exitCode: Int32, message: String) {
        self.exitCode = exitCode
        self.message = message
    }

    /// Reads what ``text`` wrote; nil for nothing, which a shim leaves that has become its command.
    package init?(text: String) {
        guard !text.isEmpty else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let code = Int32(parts[0]) else { return nil }
        self.init(exitCode: code, message: String(parts[1]))
    }

    /// How it goes through the pipe.
    package var text: String { "\(exitCode) \(message)" }
}
