package import BerthCore
import GRDB

extension LeaseStore {
    /// Grants the proposed block, makes a ticket where the request must wait and may, or finds that it was answered before.
    ///
    /// One transaction: the idempotency key, the session, the name, the limits, the line, then the claim. The claim is an
    /// UPDATE of port rows that belong to nobody; it counts only when it changed exactly the block's.
    /// - Throws: `forbidden`, `name-conflict`, `session-limit`, `quota-exceeded`, `queue-full`, `idempotency-key-reused`.
    package func grant(_ command: GrantCommand) async throws(BerthError) -> GrantOutcome {
        try await queue.submit { transaction in
            try Grant(store: self, command: command, transaction: transaction).run()
        }
    }

    /// Grants tickets their proposed blocks, in this order and with nothing in between.
    /// - Returns: what became of each; a failure has the code that its ticket lapses with.
    package func serve(_ commands: [GrantCommand]) async -> [Result<GrantOutcome, BerthError>] {
        await queue.submit(
            inOrder: commands.map { command in
                { transaction in try Grant(store: self, command: command, transaction: transaction).serve() }
            })
    }
}

/// One grant inside its transaction.
struct Grant {
    let store: LeaseStore
    let command: GrantCommand
    let transaction: WriteTransaction

    var request: GrantRequest { command.request }
    var context: ChangeContext { command.context }
    var now: Moment { transaction.now }

    func run() throws -> GrantOutcome {
        if let answer = try replay() { return answer }
        var session = try activeSession()
        var ended: EndedLease?
        try checkWakes(session)
        if let session { try checkSameTemplate(session) }
        if let found = session, let lease = try activeLease(in: found) {
            if isHeld(lease) { return try renew(lease) }
            guard command.supersedes == lease.id else { return .superseded(lease) }
            ended = try transaction.note(lease.liveProcesses.map { Death($0, .look) }, of: lease, context, store).ended
            session = try activeSession()
        }
        try checkQuotas(session)
        // A dead holder's successor takes over its block, and so goes before nobody.
        let takesOver = ended != nil && command.proposal?.formerLease == ended?.lease
        let gate =
            takesOver
            ? .none(passing: nil)
            : try line.gate(for: request, of: context.caller.principal, hasSession: session != nil)
        // Undone, since the dead holder keeps its lease until its end can make way for another.
        guard case .none(let passing) = gate, let proposal = command.proposal else {
            if ended != nil { throw Undo(answer: GrantOutcome.noProposal) }
            return try wait(at: gate, hasSession: session != nil)
        }
        if ended == nil, command.mayReturn, try hasFormerBlock() { throw Undo(answer: GrantOutcome.holderMayReturn) }
        let lease = try insert(
            proposal, session: try session ?? start(holding: proposal.block.count), passing: passing)
        if let passing { try line.pass(passing) }
        return .granted(lease, ended: ended)
    }

    // MARK: The name

    func activeLease(in session: ActiveSession) throws -> Lease? {
        guard let name = request.name else { return nil }
        return try store.fetchLease(
            "leases.session_id = ? AND leases.name = ? AND leases.state = 'active'", [session.id, name.rawValue],
            transaction.db)
    }

    /// A lease without an owner is held by its TTL; one with an owner, until its owner and agents are all dead.
    func isHeld(_ lease: Lease) -> Bool {
        lease.owner == nil || lease.liveProcesses.contains(where: command.processes.isAlive)
    }

    private func renew(_ lease: Lease) throws -> GrantOutcome {
        try checkSameWish(lease)
        let renewed = try renewed(lease)
        try transaction.storeOutcome(status: 200, lease: lease.id, context)
        return .existing(renewed)
    }

    /// The active lease of that name with its TTL counted again; as it is for whoever only wakes its session.
    func renewed(_ lease: Lease) throws -> Lease {
        guard request.wakes == nil else { return lease }
        return try transaction.renew(lease, requested: requestedTTL, context, store)
    }

    var requestedTTL: Int64? { if case .seconds = request.ttl { command.ttlMilliseconds } else { nil } }

    func checkSameWish(_ lease: Lease) throws {
        let conflict: String? =
            if lease.pool != request.pool {
                "it lies in the pool \(lease.pool)"
            } else if lease.block.count != request.count {
                "it has \(lease.block.count) ports"
            } else if case .exactly(let port) = request.placement, port != lease.block.first {
                "it starts at port \(lease.block.first)"
            } else if let owner = command.owner, lease.owner.map({ !$0.isSameProcess(as: owner) }) ?? true {
                lease.owner.map { held in
                    lease.ownerExitedAt == nil
                        ? "it belongs to the live process \(held.pid)"
                        : "agents of it live on, though its owner \(held.pid) has ended"
                } ?? "it has no owner"
            } else {
                nil
            }
        guard let conflict else { return }
        throw BerthError(
            .nameConflict,
            "The session \(request.session) has an active lease \(lease.id) of that name, but \(conflict)."
                + " Ask for the same, release it first, or use another name.")
    }

    // MARK: The claim

    func insert(_ proposal: Proposal, session: ActiveSession, passing: TicketID?) throws -> Lease {
        let lease: Lease
        do {
            lease = try insertLease(proposal.block, session: session)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_TRIGGER {
            // The rows hold a live lease there.
            throw Undo(answer: GrantOutcome.staleProposal)
        }
        guard try claim(proposal, for: lease.id) == proposal.block.count else {
            throw Undo(answer: GrantOutcome.staleProposal)
        }
        for agent in lease.agents {
            try transaction.execute(
                "INSERT INTO agents (lease_id, port, name, state) VALUES (?, ?, ?, 'reserved')",
                [lease.id.number, Int(agent.port.number), agent.name.rawValue])
        }
        let isWoken = session.rest != nil && request.template != nil
        if isWoken {
            try wake(session, holding: lease.block.count)
        } else if !session.isNew {
            try transaction.execute(
                "UPDATE sessions SET lease_count = lease_count + 1, port_count = port_count + ? WHERE id = ?",
                [lease.block.count, session.id])
        }
        try rememberBlock(lease)
        if let nextPort = proposal.nextPort {
            try transaction.execute(
                "UPDATE pools SET next_port = ? WHERE name = ?", [nextPort, request.pool.rawValue])
        }
        var entry = context.entry(.leaseGranted).about(lease)
        entry.details.lease = AuditDetails.Grant(lease)
        entry.details.passed = passing?.number
        if case .active(let expiry) = lease.state {
            entry.details.expiry = AuditDetails.Deadline(
                expiry, ttlMilliseconds: lease.ttlMilliseconds, on: now.bootID)
        }
        try transaction.audit(entry)
        if isWoken { try auditWaking() }
        try transaction.storeOutcome(status: isWoken ? 200 : 201, lease: lease.id, context)
        transaction.follow(.granted(SessionLease(lease: lease, sessionRow: session.id, isWoken: isWoken)))
        return lease
    }

    /// Whether a block that the holder had before is free, or rests for the holder alone: it came back while the
    /// proposal was made.
    func hasFormerBlock() throws -> Bool {
        let row = try transaction.row(
            """
            SELECT EXISTS (
                SELECT 1 FROM held_blocks
                WHERE principal = ?1 AND session = ?2 AND name = ?3 AND pool = ?4 AND held_blocks.count = ?5
                    AND held_blocks.count = (
                        SELECT count(*) FROM ports
                        WHERE port BETWEEN held_blocks.first_port AND held_blocks.first_port + held_blocks.count - 1
                            AND ports.pool = ?4 AND (ports.state = 'free' OR (
                                ports.state = 'quarantined' AND ports.last_lease_id = held_blocks.last_lease_id))))
            """,
            [
                context.caller.principal.description, request.session.rawValue, request.name?.rawValue ?? "",
                request.pool.rawValue, request.count,
            ])
        return row?[0] ?? false
    }

    private func claim(_ proposal: Proposal, for lease: LeaseID) throws -> Int {
        try transaction.changes(
            """
            UPDATE ports SET lease_id = ?1, state = 'leased', rest_boot = NULL, rest_boot_ms = NULL,
                rest_since = NULL, rest_reason = NULL
            WHERE port BETWEEN ?2 AND ?3 AND pool = ?4 AND lease_id IS NULL
                AND (state = 'free' OR (state = 'quarantined' AND last_lease_id = ?5))
            """,
            [
                lease.number, proposal.block.numbers.lowerBound, proposal.block.numbers.upperBound,
                request.pool.rawValue, proposal.formerLease?.number,
            ])
    }

    private func insertLease(_ block: PortBlock, session: ActiveSession) throws -> Lease {
        let terms = try terms(in: session)
        let expiry = terms.expiry
        let owner = try ProcessColumns(command.owner, boots: store.boots)
        let columns = ExpiryColumns(expiry, boots: store.boots)
        try transaction.execute(
            """
            INSERT INTO leases (session_id, name, pool, first_port, count, principal, owner_boot, owner_namespace,
                owner_pid, owner_ticks, owner_inode, labels, pinned, ttl_ms, created_at, renewed_at, state,
                deadline_boot, deadline_boot_ms, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?)
            """,
            [
                session.id, request.name?.rawValue, request.pool.rawValue, Int(block.first.number), block.count,
                context.caller.principal.description, owner.boot, owner.namespace, owner.pid, owner.ticks, owner.inode,
                try LeaseRow.text(request.labels), terms.isPinned, terms.ttlMilliseconds, now.wall.milliseconds,
                now.wall.milliseconds, columns.boot, columns.deadline, columns.expiresAt,
            ])
        return Lease(
            id: LeaseID(transaction.db.lastInsertedRowID), session: request.session, name: request.name,
            pool: request.pool, block: block, principal: context.caller.principal, owner: command.owner,
            agents: zip(request.agents, block.ports).map { Agent(name: $0, port: $1, state: .reserved) },
            labels: request.labels, isPinned: terms.isPinned, ttlMilliseconds: terms.ttlMilliseconds,
            createdAt: now.wall, renewedAt: now.wall, state: .active(expiry))
    }

    private func rememberBlock(_ lease: Lease) throws {
        try transaction.execute(
            """
            INSERT INTO held_blocks
                (principal, session, name, pool, count, first_port, first_lease_id, last_lease_id)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
            ON CONFLICT DO UPDATE SET last_lease_id = excluded.last_lease_id
            """,
            [
                lease.principal.description, lease.session.rawValue, lease.name?.rawValue ?? "",
                lease.pool.rawValue, lease.block.count, Int(lease.block.first.number), lease.id.number,
            ])
    }
}
