package import BerthCore

/// Who has bound ports of the pools without a lease.
package struct StrangersCheck: DoctorCheck {
    package static let name = "strangers"

    /// A port that something is bound to though no active lease covers it.
    package struct Stranger: Sendable {
        let port: Port
        let pool: PoolName
        let state: PortState?
        let listeners: [PortListener]

        /// - Parameters:
        ///   - state: what the database says of the port; nil when it could not be asked.
        ///   - listeners: what holds it; empty when it has let go meanwhile.
        package init(port: Port, pool: PoolName, state: PortState?, listeners: [PortListener]) {
            self.port = port
            self.pool = pool
            self.state = state
            self.listeners = listeners
        }
    }

    /// As many are named; the others are counted.
    package static let longest = 20

    let strangers: [Stranger]
    let more: Int

    /// - Parameters:
    ///   - strangers: at most ``longest`` of them, ascending.
    ///   - more: how many further ones there are.
    package init(_ strangers: [Stranger], more: Int) {
        self.strangers = strangers
        self.more = more
    }

    package var findings: [Finding] {
        guard !strangers.isEmpty else { return [finding(.ok, "Nothing is bound to a pool's port without a lease.")] }
        let named = strangers.map { stranger in
            finding(
                .warning,
                "Port \(stranger.port) of pool \(stranger.pool) is bound by \(holders(stranger)) without a lease"
                    + "\(explanation(stranger.state)).",
                mend: stranger.state == .quarantined
                    ? "end that process; the port is free again soon after"
                    : "let it lease its port (berth lease SESSION --first-port \(stranger.port)), end it, or keep the"
                        + " port out of the pool with --exclude \(stranger.port)")
        }
        guard more > 0 else { return named }
        return named + [finding(.warning, "\(more) more ports of pools are bound without a lease.")]
    }

    private func holders(_ stranger: Stranger) -> String {
        guard !stranger.listeners.isEmpty else { return "somebody" }
        return stranger.listeners.map { ListenerText.holder($0) }.reduce(into: [String]()) { names, name in
            if !names.contains(name) { names.append(name) }
        }.joined(separator: ", ")
    }

    private func explanation(_ state: PortState?) -> String {
        switch state {
        case .quarantined: "; it rests since its last lease, and is not granted before it is let go"
        case .foreign, .free, .leased, .unmanaged, nil: "; Berth steps over it"
        }
    }
}
