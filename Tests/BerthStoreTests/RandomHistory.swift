import BerthCore
import BerthStore
import BerthTestSupport

/// One history: a store, and a generator that decides what happens next.
struct RandomHistory {
    private(set) var test: TestStore
    private var random: SplitMix64
    private var boot = 1
    private var secrets = 0

    /// Sessions that somebody mostly uses alone, and one that two fight over.
    private static let sessions: [Principal: [SessionName]] = [
        .user(1000): ["alice", "carol", "shared"], .user(1001): ["bob", "dave", "shared"],
    ]

    /// So few that both gates of the line have somebody in front of them.
    private static let limits = Limits(maxSessions: 4, maxWaiting: 12)

    init(seed: Int) async throws {
        test = try await TestStore.open(limits: Self.limits)
        random = SplitMix64(seed: seed)
    }

    /// Does one thing. What is refused with an error of the API is part of the history; a defect is not.
    mutating func step() async throws {
        do {
            try await act()
        } catch let error as BerthError where error.code != .internal {
            return
        }
    }

    private mutating func act() async throws {
        // One of the newest leases, which are active more often than not.
        let newest = Int64(try test.rows("SELECT max(id) FROM leases")[0]) ?? 0
        let id = LeaseID(Int64.random(in: max(1, newest - 12)...max(1, newest), using: &random))
        let who: ChangeContext = random.happens(inPercent: 50) ? .alice : .bob
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: try await grant(as: who)
        case 35..<45: for _ in 0..<6 { try await serve() }
        case 45..<55:
            _ = try await test.store.renew(
                id, ttlMilliseconds: [nil, 5_000, 90_000].randomElement(using: &random) ?? nil, who)
        case 55..<68: _ = try await test.store.release(id, reason: "done", who)
        case 68..<70: _ = try await test.store.endSession(session(of: who), who)
        case 70..<77: try await agents(of: id, who)
        case 77..<83: try await look()
        case 83..<94: try await pass()
        case 94..<96: try await tokens()
        case 96: try await turn()
        case 97..<99: try await sleepOrWake()
        default: try await restart()
        }
    }

    private mutating func session(of who: ChangeContext) -> SessionName {
        Self.sessions[who.caller.principal]?.randomElement(using: &random) ?? "shared"
    }

    private mutating func grant(as who: ChangeContext) async throws {
        var wish = Wish(session: session(of: who), context: who)
        wish.name = random.happens(inPercent: 60) ? ["web", "db"].randomElement(using: &random) : nil
        // A name mostly asks for the same count; a proposal is mostly free, as the rows were a moment ago.
        wish.count = wish.name == "web" ? 2 : random.happens(inPercent: 80) ? 3 : Int.random(in: 1...6, using: &random)
        wish.first = random.happens(inPercent: 5) ? nil : Int.random(in: 19_995..<20_205, using: &random)
        if random.happens(inPercent: 80) {
            let free = try await test.store.allPorts().filter { $0.state == .free }
            wish.first = free.randomElement(using: &random).map { Int($0.port.number) }
        }
        if random.happens(inPercent: 30) {
            wish.wait = WaitPreference(seconds: 30, isAsync: random.happens(inPercent: 40))
        }
        wish.nextPort = wish.first.map { max(1, $0 + wish.count) }
        wish.formerLease = random.happens(inPercent: 30) ? LeaseID(Int64.random(in: 1...50, using: &random)) : nil
        if random.happens(inPercent: 50) {
            let pid = Int32.random(in: 1...20, using: &random)
            wish.owner = test.processes.identify(pid) ?? test.processes.start(pid)
        }
        wish.ttl =
            wish.owner != nil && random.happens(inPercent: 50) ? nil : Int64.random(in: 1_000...120_000, using: &random)
        if random.happens(inPercent: 10) {
            let variables: [VariableName: String] = random.happens(inPercent: 20) ? ["league": "\"b\""] : [:]
            let start = TemplateStart(template: "draft", variables: variables)
            (wish.template, wish.name, wish.owner, wish.agents) = (start, start.leaseName, nil, ["one"])
            wish.ttl = wish.ttl ?? 60_000
        }
        let outcome = try await test.grant(wish)
        if case .superseded(let dead) = outcome {
            (wish.supersedes, wish.formerLease) = (dead.id, dead.id)
            if random.happens(inPercent: 70) {
                (wish.first, wish.count) = (Int(dead.block.first.number), dead.block.count)
            }
            _ = try await test.grant(wish)
        }
    }

    /// The line is looked at: a head is served, somebody leaves, somebody hears of a lease or never will.
    private mutating func serve() async throws {
        let waiting = try await test.store.waitingTickets(limit: 100)
        if random.happens(inPercent: 25), let ticket = waiting.randomElement(using: &random) {
            let end: TicketEnd =
                random.happens(inPercent: 50) ? .cancelled("left") : .lapsed(.poolExhausted, "its time is over")
            _ = try await test.store.leave(ticket.id, end, .daemon)
        } else if let head = waiting.filter({ $0.turn != nil }).min(by: { $0.turn ?? 0 < $1.turn ?? 0 }) {
            let free = try await test.store.allPorts().filter { $0.state == .free }
            let runs = PortBlock.runs(of: free.map(\.port)).filter { $0.count >= head.request.count }
            let block = runs.randomElement(using: &random).flatMap {
                PortBlock(first: $0.first, count: head.request.count)
            }
            let command = GrantCommand(
                request: head.request, context: try await test.store.context(of: head),
                proposal: block.map { Proposal(block: $0) }, owner: head.owner, ttlMilliseconds: head.ttlMilliseconds,
                supersedes: nil, processes: test.processes, ticket: head.id)
            for outcome in await test.store.serve([command]) { _ = try outcome.get() }
        }
        for ticket in try await test.store.unredeemedTickets() where random.happens(inPercent: 80) {
            if random.happens(inPercent: 70) {
                _ = try await test.store.redeem(ticket.id, reason: "told", .daemon)
            } else {
                _ = try await test.store.abandon(ticket.id, reason: "gone", .daemon)
            }
        }
    }

    private mutating func agents(of lease: LeaseID, _ who: ChangeContext) async throws {
        let name: AgentName = random.happens(inPercent: 50) ? "one" : "two"
        if random.happens(inPercent: 30) {
            try await test.store.detach(name, from: lease, who)
            return
        }
        let pid = Int32.random(in: 1...20, using: &random)
        let process = test.processes.identify(pid) ?? test.processes.start(pid)
        _ = try await test.store.attach(name, process: process, port: nil, to: lease, who)
        if random.happens(inPercent: 20) { try await test.store.detach(name, from: lease, who) }
    }

    /// The host was looked at, and something was found or is gone.
    private mutating func look() async throws {
        let first = Int.random(in: 19_980..<20_195, using: &random)
        let ports = PortBlock.of(first, 40).ports
        if random.happens(inPercent: 40) {
            _ = try await test.store.markBound(Array(ports.prefix(1)), reason: "bound", .daemon)
        } else {
            _ = try await test.store.recover(ports, reason: "unbound", .daemon)
        }
    }

    /// Time passes, clocks step, processes end, and the reaper looks.
    private mutating func pass() async throws {
        test.clock.advance(milliseconds: Int64.random(in: 0...8_000, using: &random))
        if random.happens(inPercent: 20) {
            test.clock.stepWall(milliseconds: Int64.random(in: -3_600_000...3_600_000, using: &random))
        }
        if random.happens(inPercent: 70) { test.processes.end(Int32.random(in: 1...20, using: &random)) }
        _ = try await test.store.expire(limit: Int.random(in: 1...5, using: &random), .daemon)
    }

    /// A token of one of two names is made or revoked.
    private mutating func tokens() async throws {
        let name: TokenName = random.happens(inPercent: 50) ? "ci" : "deploy"
        let administrator = ChangeContext(caller: .administrator)
        guard random.happens(inPercent: 60) else { return try await test.store.revokeToken(name, administrator) }
        secrets += 1
        let terms = TokenTerms(
            maxPorts: random.happens(inPercent: 50) ? 8 : nil, mayNameProcesses: random.happens(inPercent: 50))
        let wish = TokenWish(name: name, terms: terms, ttlSeconds: random.happens(inPercent: 50) ? 60 : nil)
        _ = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "secret \(secrets)"), administrator)
    }

    /// A session of a template goes on to another phase, or stays since it comes from another one.
    private mutating func turn() async throws {
        let sessions = try await test.store.templateSessions()
        for session in sessions + sessions + sessions + sessions {
            guard let phase = SessionPhase.allCases.randomElement(using: &random) else { return }
            let earlier = Set(SessionPhase.allCases.filter { _ in random.happens(inPercent: 70) })
            _ = try await test.store.turn(session.row, from: earlier, to: phase, reason: "it is its turn", .daemon)
        }
    }

    /// Sessions of templates fall asleep without their ports, and wake; each has its turn a few times.
    private mutating func sleepOrWake() async throws {
        for _ in 0..<4 {
            for session in try await test.store.templateSessions() {
                // What is refused to one keeps the others from nothing.
                do {
                    try await sleepOrWake(session)
                } catch let error as BerthError where error.code != .internal {
                    continue
                }
            }
        }
    }

    /// A session of a template gives its lease back, gets another one, or ends without any.
    private mutating func sleepOrWake(_ session: Session) async throws {
        guard let start = session.template?.start else { return }
        if random.happens(inPercent: 50) {
            var filter = LeaseFilter()
            filter.session = session.name
            let leases = try await test.store.leases(filter)
            guard let lease = leases.first(where: { $0.name == start.leaseName }) else { return }
            _ = try await test.store.sleep(
                session.row, releasing: lease.id, from: Set(SessionPhase.allCases), reason: "idle", .daemon)
            // Now and then its time runs out.
            guard random.happens(inPercent: 10) else { return }
            test.clock.advance(milliseconds: 130_000)
            for _ in 0..<20 { _ = try await test.store.expire(limit: 5, .daemon) }
        } else if random.happens(inPercent: 50) {
            let owner: ChangeContext = session.principal == .user(1000) ? .alice : .bob
            var wish = Wish(session: session.name, context: owner)
            (wish.template, wish.name, wish.agents) = (start, start.leaseName, ["one"])
            if random.happens(inPercent: 70) { wish.wakes = session.row }
            let free = try await test.store.allPorts().filter { $0.state == .free }
            wish.first = free.randomElement(using: &random).map { Int($0.port.number) }
            _ = try await test.grant(wish)
        } else if random.happens(inPercent: 15) {
            _ = try await test.store.endSleeper(session.row, .daemon)
        }
    }

    private mutating func restart() async throws {
        try test.stop()
        if random.happens(inPercent: 30) {
            boot += 1
            for pid in 1...20 { test.processes.end(Int32(pid)) }
            test.clock.reboot(as: BootID("boot-\(boot)"), down: Int64.random(in: 0...60_000, using: &random))
        }
        let count = Int.random(in: 150...200, using: &random)
        test = try await test.started(
            pools: [Pool(name: .standard, ranges: [.of(20_000, count)])], limits: Self.limits)
    }
}
