package import BerthCore
import GRDB

/// Agents: the named processes on a lease's ports.
extension LeaseStore {
    /// Attaches a process to a lease of the caller's under a name, or replaces the one that had the name.
    ///
    /// - Parameter port: nil for that name's port, else the lowest one without a name.
    /// - Throws: `not-found`, `lease-ended`, `lease-in-use`, `invalid-field` for a port outside the block or another agent's.
    package func attach(
        _ name: AgentName, process: ProcessIdentity, port: Port?, to id: LeaseID, _ context: ChangeContext
    ) async throws(BerthError) -> Lease {
        try await queue.submit { transaction in
            let lease = try activeLease(id, context, transaction.db)
            try transaction.checkIsNotInUse(lease, context)
            let port = try place(name, at: port, in: lease)
            let columns = try ProcessColumns(process, boots: boots)
            try transaction.execute(
                "DELETE FROM agents WHERE lease_id = ? AND name = ?", [id.number, name.rawValue])
            try transaction.execute(
                """
                INSERT INTO agents (lease_id, port, name, state, process_boot, process_namespace, process_pid,
                    process_ticks, process_inode)
                VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?)
                """,
                [
                    id.number, Int(port.number), name.rawValue, columns.boot, columns.namespace, columns.pid,
                    columns.ticks, columns.inode,
                ])
            var entry = context.entry(.agentAttached).about(lease)
            entry.agent = name
            entry.pid = process.pid
            entry.details.port = port.number
            entry.details.process = AuditDetails.Process(process)
            try transaction.audit(entry)
            return try followAgents(of: id, transaction, context)
        }
    }

    /// Takes an agent's name off its port. Where the owner has ended and this was the last live agent, that orphans the
    /// lease.
    /// - Throws: `not-found` for the lease or the agent, `lease-ended`, `lease-in-use`.
    @discardableResult
    package func detach(
        _ name: AgentName, from id: LeaseID, _ context: ChangeContext
    ) async throws(BerthError) -> EndedLease? {
        try await queue.submit(as: .givesBack) { transaction in
            let lease = try activeLease(id, context, transaction.db)
            try transaction.checkIsNotInUse(lease, context)
            let removed = try transaction.changes(
                "DELETE FROM agents WHERE lease_id = ? AND name = ?", [id.number, name.rawValue])
            guard removed == 1 else { throw BerthError(.notFound, "Lease \(id) has no agent \(name).") }
            var entry = context.entry(.agentDetached).about(lease)
            entry.agent = name
            try transaction.audit(entry)
            _ = try followAgents(of: id, transaction, context)
            return try transaction.endIfAbandoned(
                id, reason: "its owner has ended, and its last live agent \(name) was detached", context, self)
        }
    }

    /// - Returns: the lease with the agents that it has now.
    private func followAgents(
        of id: LeaseID, _ transaction: WriteTransaction, _ context: ChangeContext
    ) throws -> Lease {
        let lease = try activeLease(id, context, transaction.db)
        let row = try transaction.first("SELECT session_id FROM leases WHERE id = ?", [id.number]) { $0.int64(0) }
        guard let row else { throw BerthError(.internal, "Lease \(id) has no row.") }
        transaction.follow(.agentsChanged(SessionLease(lease: lease, sessionRow: row)))
        return lease
    }

    private func place(_ name: AgentName, at port: Port?, in lease: Lease) throws -> Port {
        let own = lease.agents.first { $0.name == name }
        if let port {
            guard lease.block.contains(port) else {
                throw BerthError.invalid("port", "\(port) lies outside the lease's block \(lease.block)")
            }
            if let other = lease.agents.first(where: { $0.port == port && $0.name != name }) {
                throw BerthError.invalid("port", "\(port) is the agent \(other.name)'s")
            }
            return port
        }
        if let own { return own.port }
        let taken = Set(lease.agents.map(\.port))
        guard let next = lease.block.ports.first(where: { !taken.contains($0) }) else {
            throw BerthError.invalid("port", "every port of the lease has an agent; detach one or name its port")
        }
        return next
    }
}
