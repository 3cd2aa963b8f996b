import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport

/// The line: clients that wait, how they are served, and that nobody is lost in it or goes before another.
extension Simulation {
    /// What a client says about waiting; nil for one that does not.
    func preference() -> WaitPreference? {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: WaitPreference(seconds: Int64.random(in: 1...60, using: &random), isAsync: false)
        case 20..<35: WaitPreference(seconds: nil, isAsync: true)
        default: nil
        }
    }

    /// A client leaves the line.
    func leaveLine() async throws {
        guard let ticket = ledger.line.values.sorted(by: { $0.id < $1.id }).randomElement(using: &random) else {
            return
        }
        let answer = try await ask("leave the line with ticket \(ticket.id)", as: .daemon, expecting: []) {
            try await daemon.manager.leaveLine(ticket.id, $0)
        }
        events.left.insert(ticket.id)
        if case .done = answer { note("  it left") }
    }

    /// Whoever may be served is, and what is due in the line is done.
    func keepLine() async throws {
        do {
            try await daemon.manager.tidyLine(at: host.clock.now().boot)
            try await daemon.manager.serveLine()
        } catch {
            guard events.isFaultArmed || daemon.pulse.isDead else { throw error }
            ledger.isLineBroken = true
            note("the line could not be kept")
        }
    }

    // MARK: What must hold

    /// Tickets that were waiting wait still, or ended for a reason; those that were granted came first.
    func checkLine() async throws {
        let now = Dictionary(uniqueKeysWithValues: snapshot.tickets.map { ($0.id, $0) })
        var served: [Ticket] = []
        let known = try await ledger.line.values.sorted { $0.id < $1.id } + newTickets()
        for before in known where now[before.id] == nil {
            guard let ticket = try await daemon.store.ticket(before.id, for: .daemon) else {
                throw failure("ticket \(before.id) is lost")
            }
            switch ticket.state {
            case .waiting: throw failure("ticket \(before.id) waits, and is not in the line")
            case .granted:
                served.append(ticket)
                try await learn(of: ticket)
            case .cancelled(_, let reason): try checkEnd(of: before, code: nil, reason)
            case .lapsed(let code, _, let reason): try checkEnd(of: before, code: code, reason)
            }
        }
        try checkOrder(of: served, leaving: now)
        for ticket in now.values where ledger.line[ticket.id] == nil {
            guard ticket.id > ledger.lastTicket else {
                throw failure("ticket \(ticket.id) comes after \(ledger.lastTicket)")
            }
        }
        for ticket in known.map(\.id) where now[ticket] == nil { ledger.asked[ticket] = nil }
        ledger.line = now
        ledger.lastTicket = max(ledger.lastTicket, known.map(\.id).max() ?? ledger.lastTicket)
        try checkServed()
    }

    /// The tickets that were made in this step, those too that were served at once or ended.
    private func newTickets() async throws -> [Ticket] {
        var tickets: [Ticket] = []
        var next = TicketID(ledger.lastTicket.number + 1)
        while let ticket = try await daemon.store.ticket(next, for: .daemon) {
            tickets.append(ticket)
            report.tickets += 1
            ledger.asked[next] = host.now
            next = TicketID(next.number + 1)
        }
        return tickets
    }

    /// Nobody was served in front of a ticket that waits on.
    private func checkOrder(of served: [Ticket], leaving now: [TicketID: Ticket]) throws {
        for ticket in served {
            guard let turn = ticket.turn else { throw failure("ticket \(ticket.id) was granted without a turn") }
            let passed = now.values.first { other in
                other.request.pool == ticket.request.pool && ledger.line[other.id] != nil
                    && (other.turn.map { $0 < turn } ?? false)
            }
            if let passed { throw failure("ticket \(ticket.id) was granted before \(passed.id)") }
        }
        let slots = now.values.filter { $0.turn == nil }.map(\.id).min()
        for ticket in now.values where ticket.turn != nil && ledger.line[ticket.id]?.turn == nil {
            // At the first gate only one whose session is there already goes before others.
            let isActive = snapshot.leases.contains {
                $0.session == ticket.request.session && $0.principal == ticket.principal
            }
            guard let first = slots, ledger.line[first] != nil, ticket.id > first, ledger.line[ticket.id] != nil else {
                continue
            }
            let holdsSlot = ledger.line.values.contains {
                $0.turn != nil && $0.request.session == ticket.request.session && $0.principal == ticket.principal
            }
            guard isActive || holdsSlot || events.mayHaveEndedSessions else {
                throw failure("ticket \(ticket.id) passed the first gate before \(first)")
            }
        }
    }

    /// The lease that was waited for is its client's, once the client hears of it.
    private func learn(of ticket: Ticket) async throws {
        report.served += 1
        guard case .granted(let id, _, let isRedeemed) = ticket.state,
            let lease = try await daemon.store.lease(id, for: .daemon)
        else { return }
        note("  ticket \(ticket.id) got lease \(id): \(lease.block)")
        guard case .active(let expiry) = lease.state else { return }
        if ledger.claims[id] == nil {
            // Before a crash, or after it.
            try checkGrant(lease, in: host.pools + (events.beforeCrash?.pools ?? []))
            events.granted.append(id)
        }
        ledger.granted(lease, at: host.clock.now())
        ledger.claims[id]?.deadline = nil
        if case .at(let deadline, let display) = expiry {
            ledger.claims[id]?.deadline = deadline.milliseconds
            ledger.claims[id]?.display = display.milliseconds
        }
        guard !isRedeemed else { return }
        ledger.unheard.insert(id)
        guard random.happens(inPercent: 60) else { return }
        let caller = ChangeContext(
            caller: Caller(
                principal: ticket.principal, isAdministrator: false, mayNameProcesses: true))
        _ = try await daemon.manager.attend(to: ticket, nil, caller, isStopping: { false })
        ledger.unheard.remove(id)
        note("  its client heard of it")
    }

    private func checkEnd(of ticket: Ticket, code: ErrorCode?, _ reason: String) throws {
        let time = host.now
        let isOver = ticket.deadline.milliseconds <= time || events.hasRestarted
        let isIdle = time - (ledger.asked[ticket.id] ?? .min) >= 60_000 || events.hasRestarted
        let isRightful =
            switch reason {
            case "its client left the line": events.left.contains(ticket.id)
            case "its session was ended": events.sessionsEnded.contains(ticket.request.session)
            case let text where text.hasPrefix("its owner"): ticket.owner.map { !host.lives($0) } ?? false
            case let text where text.hasPrefix("its client"): !ticket.isAsync && (ledger.hasRestarted)
            case let text where text.hasPrefix("no block came free"), let text where text.hasPrefix("no session ended"):
                isOver
            case let text where text.hasPrefix("nobody asked"): ticket.isAsync && isIdle
            case let text where text.hasPrefix("there is no pool"), let text where text.hasPrefix("the pool"):
                events.hasRestarted
            default: code == .portUnavailable || code == .nameConflict
            }
        guard isRightful else {
            throw failure("ticket \(ticket.id) ended: \(code?.rawValue ?? "cancelled"), \(reason)")
        }
        note("  ticket \(ticket.id) ended: \(reason)")
        report.unserved += 1
    }

    /// No head waits in front of room, and memory has the line that the rows have.
    private func checkServed() throws {
        for pool in host.pools {
            let line = snapshot.tickets.filter { $0.request.pool == pool.name && $0.turn != nil }
                .sorted { $0.turn ?? 0 < $1.turn ?? 0 }
            guard daemon.manager.line.tickets(in: pool.name) == line.map(\.id) else {
                throw failure("memory and rows differ: the line of \(pool.name) is \(line.map(\.id))")
            }
            guard let head = line.first, !ledger.isLineBroken else { continue }
            if case .exactly = head.request.placement { throw failure("ticket \(head.id) waits for an exact block") }
            let free = snapshot.ports.filter {
                $0.pool == pool.name && $0.state == .free && !host.bound.contains($0.port)
            }.map(\.port)
            let fits = pool.runs.flatMap { run in
                PortBlock.runs(of: free.filter(run.contains)).filter { free in
                    let first =
                        (free.numbers.lowerBound + head.request.align - 1) / head.request.align
                        * head.request.align
                    return first + head.request.count - 1 <= free.numbers.upperBound
                }
            }
            if let block = fits.first { throw failure("ticket \(head.id) waits in front of \(block)") }
        }
        let slots = Set(snapshot.leases.map { "\($0.session) \($0.principal)" })
            .union(snapshot.tickets.filter { $0.turn != nil }.map { "\($0.request.session) \($0.principal)" })
        guard slots.count <= SimulatedDaemon.limits.maxSessions else {
            throw failure("\(slots.count) slots are in use")
        }
        if snapshot.tickets.contains(where: { $0.turn == nil }), slots.count < SimulatedDaemon.limits.maxSessions {
            throw failure("a ticket waits for a slot, and \(slots.count) are in use")
        }
    }
}
