package import BerthCore
package import BerthStore
import CoreMetrics
import Logging

/// The answer to a wish for a block.
package enum GrantReply: Sendable {
    case created(Lease)
    /// The active lease of that name, renewed.
    case existing(Lease)
    /// What an earlier request with the same Idempotency-Key got.
    case replayed(Lease, status: Int)
    /// It waits in line, since this request or an earlier one with the same key; see ``LeaseManager/attend(to:_:_:isStopping:)``.
    case waiting(Ticket, isReplay: Bool)
    /// The ticket is the answer.
    case ticket(Ticket, isReplay: Bool)
    /// The place that the request was to take over is gone: it must be submitted anew.
    case again
}

extension LeaseManager {
    /// Leases a block.
    ///
    /// A reservation keeps the block from everybody else while it is probed and until the transaction has decided.
    /// - Parameter wait: what it says about waiting; with nil it fails where it would have to.
    package func lease(
        _ request: GrantRequest, _ context: ChangeContext, wait: WaitPreference? = nil
    ) async throws(BerthError) -> GrantReply {
        let terms = try terms(of: request, for: context.caller)
        var superseded: Lease?
        var mayReturn = true
        var looksForRoom = !isBehindOthers(request)
        // Each turn that is not the last takes a wrong port out of memory, so a handful is many.
        for _ in 0..<64 {
            let reservation =
                looksForRoom || superseded != nil
                ? try await propose(request, context, superseded: superseded) : nil
            let outcome = try await grant(
                GrantCommand(
                    request: request, context: context, proposal: reservation?.proposal, owner: terms.owner,
                    ttlMilliseconds: terms.ttlMilliseconds, supersedes: superseded?.id, processes: processes,
                    mayReturn: mayReturn && reservation?.isSecondBest == true, wait: wait,
                    knowsRoom: looksForRoom || superseded != nil), reservation)
            switch outcome {
            case .granted(let lease, _):
                deadlines.note(lease)
                history.note(lease)
                follow(lease)
                LeaseMetrics.granted.increment()
                return .created(lease)
            case .existing(let lease):
                deadlines.note(lease)
                return .existing(lease)
            case .replayed(let lease, let status):
                return .replayed(lease, status: status)
            case .noProposal:
                guard let dead = superseded, wait != nil else {
                    throw try await refusal(request, context.caller, isLineInFront: false)
                }
                // Its block is bound still. It ends, and who comes after it waits like everybody else.
                _ = try await store.recordDeaths(
                    [(dead.id, dead.liveProcesses.map { Death($0, .look) })], .daemon)
                superseded = nil
            case .lineInFront:
                throw try await refusal(request, context.caller, isLineInFront: true)
            case .waiting(let ticket, let isReplay):
                if ticket.isAsync, wait?.seconds ?? 0 == 0 { return .ticket(ticket, isReplay: isReplay) }
                return .waiting(ticket, isReplay: isReplay)
            case .replayedTicket(let ticket):
                return .ticket(ticket, isReplay: true)
            case .notItsTurn:
                throw BerthError(.internal, "A request that has no ticket was not in turn.")
            case .superseded(let lease):
                superseded = lease
            case .holderMayReturn:
                mayReturn = false
            case .staleProposal:
                looksForRoom = true
                try await refresh(reservation)
            }
        }
        throw BerthError(.internal, "Memory and the rows do not come to agree about the pool \(request.pool).")
    }

    /// Whether others wait in front for the same pool, so that looking for room would be in vain.
    private func isBehindOthers(_ request: GrantRequest) -> Bool {
        guard let head = line.head(of: request.pool) else { return false }
        return pools[request.pool]?.queue != .bestEffort || request.count >= head.request.count
    }

    /// Submits the grant and settles its reservation, whatever comes of it.
    private func grant(
        _ command: GrantCommand, _ reservation: Reservation?
    ) async throws(BerthError) -> GrantOutcome {
        do {
            let outcome = try await store.grant(command)
            guard let reservation else { return outcome }
            switch outcome {
            case .granted: ports.settle(granted: reservation)
            // Its ports are read anew from the rows.
            case .staleProposal: ports.settle(granted: reservation)
            case .existing, .replayed, .noProposal, .superseded, .holderMayReturn, .lineInFront, .waiting,
                .replayedTicket,
                .notItsTurn:
                ports.settle(returned: reservation)
            }
            return outcome
        } catch {
            if let reservation { ports.settle(returned: reservation) }
            throw error
        }
    }

    /// Finds a block that memory takes for free and the kernel too; nil when there is none.
    private func propose(
        _ request: GrantRequest, _ context: ChangeContext, superseded: Lease?
    ) async throws(BerthError) -> Reservation? {
        if let superseded, let own = await reserveOwn(superseded, request) { return own }
        var held = try await heldBlocks(request, context)
        var patience = ports.reservations(in: request.pool)
        var hasLookedAgain = false
        while true {
            if let reservation = try await reserveUnbound(request, &held) {
                return reservation
            } else if patience > 0 {
                // Somebody who probes just now may give a block back.
                patience -= 1
                await ports.nextSettlement(in: request.pool)
            } else if !hasLookedAgain {
                // A stranger may have gone since the last look.
                hasLookedAgain = true
                try await lookAtRestingPorts(evenIfNotDue: true)
            } else {
                return nil
            }
        }
    }

    /// Reserves a block that the kernel finds unbound; nil when memory knows of no other.
    func reserveUnbound(
        _ request: GrantRequest, _ held: inout [HeldBlock], isForLine: Bool = false
    ) async throws(BerthError) -> Reservation? {
        while let reservation = ports.reserve(request, held: held, isForLine: isForLine) {
            if try await isUnbound(reservation) { return reservation }
            // Its own resting ports stay where they are, so that they would only be proposed again.
            held.removeAll { $0.block == reservation.proposal.block }
        }
        return nil
    }

    /// The blocks that this holder had before, from memory where it has them.
    func heldBlocks(_ request: GrantRequest, _ context: ChangeContext) async throws(BerthError) -> [HeldBlock] {
        let holder = HolderHistory.Holder(request, principal: context.caller.principal)
        if let known = history.blocks(of: holder) { return known }
        return history.learn(
            try await store.heldBlocks(request, principal: context.caller.principal), of: holder)
    }

    /// The block of a lease that lost its processes goes to its own holder, when nothing is bound there any more.
    /// It is still leased, so it is looked up and never bound.
    private func reserveOwn(_ lease: Lease, _ request: GrantRequest) async -> Reservation? {
        guard lease.pool == request.pool, lease.block.count == request.count, request.placement == .anywhere,
            // A start may have taken ports out of the pool under the lease.
            pools[lease.pool]?.runs.contains(where: { $0.contains(lease.block) }) == true
        else { return nil }
        for port in lease.block.ports where await !listeners(on: port).isEmpty { return nil }
        return ports.reserve(lease.block, in: lease.pool, formerLease: lease.id)
    }

    /// Asks the kernel about a reserved block. Bound ports are recorded and the rest of the block is given back.
    private func isUnbound(_ reservation: Reservation) async throws(BerthError) -> Bool {
        let block = reservation.proposal.block
        let bound: [Port]
        do {
            bound = try probe.boundPorts(in: block)
        } catch {
            ports.settle(returned: reservation)
            throw error
        }
        guard !bound.isEmpty else { return true }
        do {
            // A port that rests already, and is bound still, goes back to its rest like the unbound ones.
            ports.settle(returned: reservation, except: try await recordBound(bound))
        } catch {
            ports.settle(returned: reservation)
            throw error
        }
        return false
    }

    /// The rows did not agree with memory about a block: memory learns from them.
    func refresh(_ reservation: Reservation?) async throws(BerthError) {
        guard let reservation else { return }
        logger.warning("index disagreed with the rows", metadata: ["block": "\(reservation.proposal.block)"])
        for port in reservation.proposal.block.ports {
            if let record = try await store.port(port) { ports.update(record) }
        }
    }

    /// Why there is no block.
    private func refusal(
        _ request: GrantRequest, _ caller: Caller, isLineInFront: Bool
    ) async throws(BerthError) -> BerthError {
        if !isLineInFront, case .exactly(let first) = request.placement,
            let block = PortBlock(first: first, count: request.count)
        {
            return try await refusal(of: block, caller)
        }
        let room = ports.room(in: request.pool)
        guard !isLineInFront else {
            return BerthError(
                .poolExhausted,
                "\(line.count(in: request.pool)) wait in line for ports of the pool \(request.pool), and come first. Wait in line"
                    + " (Prefer: wait=30, --wait 30s), or ask again later.",
                facts: .noRoom(largestFreeBlock: room.largestFreeBlock, free: room.free, count: request.count))
        }
        return BerthError(
            .poolExhausted,
            "The pool \(request.pool) has no \(request.count) consecutive free ports"
                + "\(request.align > 1 ? " at a multiple of \(request.align)" : "")."
                + " Ask again when leases have ended, or for fewer; or wait in line (Prefer: wait=30, --wait 30s).",
            facts: .noRoom(largestFreeBlock: room.largestFreeBlock, free: room.free, count: request.count))
    }

    func refusal(of block: PortBlock, _ caller: Caller) async throws(BerthError) -> BerthError {
        for port in block.ports {
            let listeners = await listeners(on: port)
            let record = try await store.port(port)
            guard record?.state != .free || !listeners.isEmpty else { continue }
            var lease: Lease?
            if let id = record?.lease { lease = try await store.lease(id, for: caller) }
            let why = lease.map { "leased to session \($0.session)" } ?? (record?.state.rawValue ?? "in no pool")
            return BerthError(
                .portUnavailable, "Port \(port) is \(why). Ask for another block, or leave first_port out.",
                facts: .taken(
                    port: port, lease: lease?.id, listeners: lease == nil && !caller.isAdministrator ? [] : listeners))
        }
        return BerthError(
            .portUnavailable, "The block \(block) does not lie in one range of the pool, or was just taken.",
            facts: .taken(port: block.first, lease: nil, listeners: []))
    }
}
