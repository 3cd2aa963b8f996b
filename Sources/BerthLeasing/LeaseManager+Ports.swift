package import BerthCore
package import BerthStore
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
    /// Since when it is leased, quarantined or a stranger's.
    package let since: Instant?
    /// Why it is quarantined or a stranger's, when the caller may know.
    package let reason: String?
    /// The end of its quarantine at the earliest, by the wall clock as it stands.
    package let restsUntil: Instant?
    /// The ended lease that it was in last, when the caller may see it.
    package let lastLease: Lease?
}

extension LeaseManager {
    /// Who has bound a port. That walks through all processes, which a connection's event loop has no time for.
    func listeners(on port: Port) async -> [PortListener] {
        await withTaskExecutorPreference(globalConcurrentExecutor) { probe.listeners(on: port) }
    }

    /// Looks at one port, on the host and in the rows. A difference is recorded: a stranger on a free port, or a
    /// stranger who has gone.
    package func report(_ port: Port, for caller: Caller) async throws(BerthError) -> PortReport {
        let listeners = await listeners(on: port)
        try await look(at: port, isBound: !listeners.isEmpty)
        let record = try await store.port(port)
        var lease: Lease?
        if let id = record?.lease { lease = try await store.lease(id, for: caller) }
        var lastLease: Lease?
        if let id = record?.lastLease, record?.state != .leased { lastLease = try await store.lease(id, for: caller) }
        let mayKnow = caller.isAdministrator || lease != nil || (record?.state == .quarantined && lastLease != nil)
        let now = clock.now()
        return PortReport(
            port: port, pool: record?.pool, state: record?.state ?? .unmanaged, lease: lease,
            listeners: mayKnow ? listeners : [], since: lease?.createdAt ?? record?.restsSince,
            reason: mayKnow ? record?.restReason : nil,
            restsUntil: record?.restsUntil.map { rest in
                now.wall.advanced(byMilliseconds: rest.milliseconds - now.boot.milliseconds)
            }, lastLease: lastLease)
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
            _ = try await look(at: [(port, resting)])
        }
    }

    /// Records that something which holds no lease has bound these ports, and lets them rest.
    /// - Returns: the ports whose state changed by that; memory knows it.
    @discardableResult
    func recordBound(_ bound: [Port]) async throws(BerthError) -> [Port] {
        var listeners: [PortListener] = []
        for port in bound { listeners += await self.listeners(on: port) }
        let reason = evidence(listeners)
        let changed = try await store.markBound(bound, reason: reason, .daemon)
        for record in changed { ports.update(record) }
        logger.info(
            "ports are bound by something without a lease",
            metadata: ["ports": "\(PortBlock.runs(of: bound))", "evidence": "\(reason)"])
        return changed.map(\.port)
    }

    /// Asks the kernel about ports that rest; those that nothing has bound are free again.
    ///
    /// - Parameter evenIfNotDue: ask about ports whose next look is not due yet, too, where only a bound socket kept
    ///   them from being free.
    func lookAtRestingPorts(evenIfNotDue: Bool = false) async throws(BerthError) {
        _ = try await look(
            at: ports.takeResting(evenIfNotDue ? .rested : .due, at: clock.now().boot, limit: Self.looksAtOnce))
    }

    /// How many ports are probed in one go: about five milliseconds' work.
    static let looksAtOnce = 512
    /// How many ports are freed in one transaction, so that no grant waits long behind it.
    private static let recoveriesAtOnce = 8

    /// Looks at resting ports that were taken out of the map, and puts back those that still rest.
    /// - Parameters:
    ///   - dryRun: find out and change nothing.
    ///   - explains: name what holds each bound port. That walks through every process of the host, so it is only for
    ///     somebody who asked.
    /// - Returns: what was found of each.
    func look(
        at resting: [(port: Port, resting: RestingPort)], dryRun: Bool = false, explains: Bool = false
    ) async throws(BerthError) -> [PortLook] {
        guard !resting.isEmpty else { return [] }
        let now = clock.now().boot
        var left = Dictionary(uniqueKeysWithValues: resting.map { ($0.port, $0.resting) })
        // Whatever happens, a port that was taken out for a look goes back.
        defer { for (port, resting) in left { ports.rest(port, resting) } }
        let bound = Set(try boundPorts(among: resting.map(\.port)))
        var looks: [PortLook] = []
        for (port, resting) in resting {
            var holder: String?
            if bound.contains(port) {
                holder = explains || resting.mayBecomeForeign ? evidence(await listeners(on: port)) : "bound"
            }
            looks.append(PortLook(port: port, resting: resting, now: now, holder: holder))
        }
        guard !dryRun else { return looks }
        for port in bound { left[port] = left[port]?.stillBound(at: now) }
        var unbound = resting.map(\.port).filter { !bound.contains($0) }[...]
        while !unbound.isEmpty {
            let piece = Array(unbound.prefix(Self.recoveriesAtOnce))
            unbound.removeFirst(piece.count)
            for port in try await store.recover(piece, reason: "nothing is bound to it", .daemon) {
                left[port] = nil
                ports.markFree(port)
            }
        }
        for index in looks.indices where looks[index].holder != nil && looks[index].resting.mayBecomeForeign {
            let look = looks[index]
            for record in try await store.markBound([look.port], reason: look.evidence, .daemon) {
                left[record.port] = nil
                ports.update(record)
                looks[index].becomes = .foreign
            }
        }
        return looks
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
    package static let daemon = ChangeContext(caller: .daemon)
}
