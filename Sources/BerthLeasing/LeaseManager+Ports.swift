package import BerthCore
import BerthStore
import Logging

/// One port as it is now.
package struct PortReport: Sendable {
    package let port: Port
    package let pool: PoolName?
    package let state: PortState
    /// The live lease, when the caller may see it.
    package let lease: Lease?
    /// What is bound, when the caller may know.
    package let listeners: [PortListener]
}

extension LeaseManager {
    /// Looks at one port, on the host and in the rows. A difference is recorded: a stranger on a free port, or a
    /// stranger who has gone.
    package func report(_ port: Port, for caller: Caller) async throws(BerthError) -> PortReport {
        let listeners = probe.listeners(on: port)
        try await look(at: port, isBound: !listeners.isEmpty)
        let record = try await store.port(port)
        var lease: Lease?
        if let id = record?.lease { lease = try await store.lease(id, for: caller) }
        return PortReport(
            port: port, pool: record?.pool, state: record?.state ?? .unmanaged, lease: lease,
            listeners: caller.isAdministrator || lease != nil ? listeners : [])
    }

    private func look(at port: Port, isBound: Bool) async throws(BerthError) {
        if isBound {
            guard ports.takeFree(port) else { return }
            do {
                try await recordBound([port])
            } catch {
                // Unrecorded, the port stays what memory took it for.
                ports.markFree(port)
                throw error
            }
        } else if let resting = ports.takeResting(port) {
            try await look(at: [(port, resting)])
        }
    }

    /// Records that something which holds no lease has bound these ports, and lets them rest.
    func recordBound(_ bound: [Port]) async throws(BerthError) {
        let listeners = bound.flatMap { port in probe.listeners(on: port) }
        let reason = evidence(listeners)
        let changed = try await store.markBound(bound, reason: reason, .daemon)
        for record in changed { ports.update(record) }
        logger.info(
            "ports are bound by something without a lease",
            metadata: ["ports": "\(PortBlock.runs(of: bound))", "evidence": "\(reason)"])
    }

    /// Asks the kernel about ports that rest; those that nothing has bound are free again.
    ///
    /// - Parameter evenIfNotDue: ask about foreign ports whose next look is not due yet, too.
    func lookAtRestingPorts(evenIfNotDue: Bool = false) async throws(BerthError) {
        let now = clock.now().boot
        try await look(at: ports.takeResting(due: evenIfNotDue ? nil : now, limit: 512))
    }

    private func look(at resting: [(port: Port, resting: RestingPort)]) async throws(BerthError) {
        guard !resting.isEmpty else { return }
        let now = clock.now().boot
        var left = Dictionary(uniqueKeysWithValues: resting.map { ($0.port, $0.resting) })
        // Whatever happens, a port that was taken out for a look goes back.
        defer { for (port, resting) in left { ports.rest(port, resting) } }
        let bound = try boundPorts(among: resting.map(\.port))
        let unbound = resting.map(\.port).filter { !bound.contains($0) }
        for port in bound { left[port] = left[port]?.stillBound(at: now) }
        for port in try await store.recover(unbound, reason: "nothing is bound to it", .daemon) {
            left[port] = nil
            ports.markFree(port)
        }
        let quarantined = bound.filter { left[$0]?.state == .quarantined }
        guard !quarantined.isEmpty else { return }
        for record in try await store.markBound(
            quarantined, reason: evidence(quarantined.flatMap { port in probe.listeners(on: port) }), .daemon)
        {
            left[record.port] = nil
            ports.update(record)
        }
    }

    private func boundPorts(among ports: [Port]) throws(BerthError) -> [Port] {
        var bound: [Port] = []
        for run in PortBlock.runs(of: ports) { bound += try probe.boundPorts(in: run) }
        return bound
    }

    private func evidence(_ listeners: [PortListener]) -> String {
        guard !listeners.isEmpty else { return "it could not be bound" }
        return "bound: "
            + listeners.prefix(4).map { listener in
                let process = listener.pid.map { " by \(listener.command ?? "process") (PID \($0))" } ?? ""
                return "\(listener.transport.rawValue) \(listener.address)\(process)"
            }.joined(separator: ", ")
    }
}

extension ChangeContext {
    /// The daemon's own doing.
    static let daemon = ChangeContext(caller: .daemon)
}
