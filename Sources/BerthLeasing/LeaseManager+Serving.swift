package import BerthCore
import BerthStore
import Logging

/// Serving the line, and ending what is due in it.
extension LeaseManager {
    /// Serves the lines whose heads may find room, until none of them does.
    /// - Throws: `storage-unavailable`; the line waits until it is tried again.
    package func serveLine() async throws(BerthError) {
        while true {
            let wanted = line.takeWanted()
            guard !wanted.isEmpty else { return }
            do {
                for pool in wanted { try await serve(pool) }
            } catch {
                line.noteFailure()
                throw error
            }
        }
    }

    /// How many tickets are granted in one go.
    private static let servedAtOnce = 32

    private struct Pick {
        let ticket: Ticket
        let reservation: Reservation?
        let command: GrantCommand
    }

    private func serve(_ pool: PoolName) async throws(BerthError) {
        while true {
            var picks: [Pick] = []
            var isBlocked = false
            do {
                for ticket in line.first(Self.servedAtOnce, in: pool) {
                    if try await isCancelledWithItsOwner(ticket) { continue }
                    guard let pick = try await pick(ticket, mustFit: !picks.isEmpty) else {
                        isBlocked = true
                        break
                    }
                    picks.append(pick)
                }
            } catch {
                for pick in picks { settleReturned(pick) }
                throw error
            }
            if picks.isEmpty, isBlocked, pools[pool]?.queue == .bestEffort,
                let smaller = line.firstSmaller(
                    thanHeadOf: pool, fitting: ports.room(in: pool).largestFreeBlock),
                try await !isCancelledWithItsOwner(smaller), let pick = try await pick(smaller, mustFit: true)
            {
                picks.append(pick)
            }
            guard !picks.isEmpty else { return }
            guard try await grant(picks) else { return }
        }
    }

    private func isCancelledWithItsOwner(_ ticket: Ticket) async throws(BerthError) -> Bool {
        guard let owner = ticket.owner, !processes.isAlive(owner) else { return false }
        _ = try await store.leave(ticket.id, .cancelled("its owner, PID \(owner.pid), has ended"), .daemon)
        return true
    }

    /// A block for a ticket; nil when it must go on waiting.
    /// - Parameter mustFit: whether to give up without a block, where the rows might still end the ticket's wait.
    private func pick(_ ticket: Ticket, mustFit: Bool) async throws(BerthError) -> Pick? {
        let context = try await store.context(of: ticket)
        var held = try await heldBlocks(ticket.request, context)
        let reservation = try await reserveUnbound(ticket.request, &held, isForLine: true)
        if reservation == nil {
            // The exact block is taken, or the lease of that name is there by now: both are for the rows to say.
            var mayEnd = ticket.request.name != nil
            if case .exactly = ticket.request.placement { mayEnd = true }
            guard mayEnd, !mustFit else { return nil }
        }
        return Pick(
            ticket: ticket, reservation: reservation,
            command: GrantCommand(
                request: ticket.request, context: context, proposal: reservation?.proposal, owner: ticket.owner,
                ttlMilliseconds: ticket.ttlMilliseconds, supersedes: nil, processes: processes,
                ticket: ticket.id))
    }

    /// - Returns: whether more may be done.
    private func grant(_ picks: [Pick]) async throws(BerthError) -> Bool {
        let outcomes = await store.serve(picks.map(\.command))
        var failure: BerthError?
        var goesOn = false
        // Done once every reservation is settled: what fails here must not keep one.
        var lapsing: [(ticket: Ticket, code: ErrorCode, reason: String)] = []
        var stale: [Reservation?] = []
        for (pick, outcome) in zip(picks, outcomes) {
            switch outcome {
            case .success(.granted(let lease, _)):
                if let reservation = pick.reservation { ports.settle(granted: reservation) }
                deadlines.note(lease)
                history.note(lease)
                follow(lease)
                goesOn = true
            case .success(.existing(let lease)):
                settleReturned(pick)
                deadlines.note(lease)
                goesOn = true
            case .success(.staleProposal):
                if let reservation = pick.reservation { ports.settle(granted: reservation) }
                stale.append(pick.reservation)
            case .success(.noProposal):
                settleReturned(pick)
                if case .exactly(let first) = pick.ticket.request.placement {
                    lapsing.append((pick.ticket, .portUnavailable, "the block at port \(first) is taken"))
                }
            case .success:
                // Others were served meanwhile, or left: the event of that brings the next turn.
                settleReturned(pick)
            case .failure(let error):
                settleReturned(pick)
                if error.code == .storageUnavailable || error.code == .internal {
                    failure = error
                } else {
                    lapsing.append((pick.ticket, error.code, error.message))
                }
            }
        }
        for reservation in stale { try await refresh(reservation) }
        for (ticket, code, reason) in lapsing { _ = try await store.leave(ticket.id, .lapsed(code, reason), .daemon) }
        if let failure { throw failure }
        return goesOn || !stale.isEmpty || !lapsing.isEmpty
    }

    private func settleReturned(_ pick: Pick) {
        if let reservation = pick.reservation { ports.settle(returned: reservation) }
    }

    // MARK: What is due

    /// Ends tickets whose time is over or whose clients are gone, and takes back leases of which nobody heard.
    package func tidyLine(at now: BootTime) async throws(BerthError) {
        // The reaper forgives the gap too, whoever comes first.
        if gapStart(at: now) != nil { line.forgiveGap(at: now) }
        let due = line.takeDue(at: now)
        var left = due.ends[...]
        var takeBacks = due.takeBacks[...]
        do {
            while let (ticket, end) = left.first {
                _ = try await store.leave(ticket.id, end, .daemon)
                left.removeFirst()
            }
            while let id = takeBacks.first {
                try await takeBack(id)
                takeBacks.removeFirst()
            }
        } catch {
            let retry = now.advanced(byMilliseconds: 1000)
            line.putBack(left.map { .look($0.ticket.id) } + takeBacks.map { .takeBack($0) }, until: retry)
            throw error
        }
    }

    private func takeBack(_ id: TicketID) async throws(BerthError) {
        guard let ticket = try await store.ticket(id, for: .daemon),
            case .granted(let lease, _, isRedeemed: false) = ticket.state
        else { return }
        logger.info(
            "nobody heard of a lease that was waited for; it is released",
            metadata: ["lease": "\(lease)", "ticket": "\(id)"])
        _ = try await store.abandon(id, reason: "its client was gone before the answer", .daemon)
    }

    /// What a start finds waiting.
    func adoptLine() async throws(BerthError) {
        var last = TicketID(0)
        while true {
            let page = try await store.waitingTickets(after: last, limit: 1000)
            for ticket in page { line.adopt(ticket) }
            guard page.count == 1000, let id = page.last?.id else { break }
            last = id
        }
        for ticket in try await store.unredeemedTickets() { line.expectReturn(of: ticket, from: clock.now().boot) }
    }
}
