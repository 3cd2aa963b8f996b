import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport

/// What clients ask for.
extension Simulation {
    private static let alice = Caller(principal: .user(1000), isAdministrator: false, mayNameProcesses: true)
    private static let bob = Caller(principal: .user(1001), isAdministrator: false, mayNameProcesses: true)
    private static let agents: [AgentName] = ["one", "two", "three"]

    enum Answer<Value> {
        case done(Value), refused(BerthError), unanswered
    }

    /// Makes a request and keeps what its client knows afterwards.
    func ask<Value>(
        _ text: String, as caller: Caller, expecting codes: [ErrorCode], isKeyed: Bool = false,
        _ body: (ChangeContext) async throws -> Value
    ) async throws -> Answer<Value> {
        requests += 1
        let id = "r\(requests)"
        note("\(id): \(text)")
        do {
            let key = IdempotencyKey(method: "POST", path: "/", key: id, requestHash: .init(repeating: 0, count: 32))
            let value = try await body(
                ChangeContext(caller: caller, requestID: id, idempotency: isKeyed ? key : nil))
            guard !daemon.pulse.isDead else { return giveUp(id) }
            return .done(value)
        } catch let error as BerthError {
            guard !daemon.pulse.isDead else { return giveUp(id) }
            note("  refused: \(error.code.rawValue)")
            report.refusals += 1
            if error.code == .storageUnavailable, events.isFaultArmed {
                events.refused.append(id)
            } else if !codes.contains(error.code) {
                throw failure("\(id) was refused: \(error.code.rawValue), \(error.message)")
            }
            return .refused(error)
        }
    }

    private func giveUp<Value>(_ id: String) -> Answer<Value> {
        note("  unanswered")
        report.unanswered += 1
        events.unanswered = id
        return .unanswered
    }

    private func caller(of lease: Lease) -> Caller { lease.principal == Self.alice.principal ? Self.alice : Self.bob }
    private func other(than lease: Lease) -> Caller { lease.principal == Self.alice.principal ? Self.bob : Self.alice }
    private func user(of lease: Lease) -> UInt32 { lease.principal == Self.alice.principal ? 1000 : 1001 }

    func anyClaim() -> Ledger.Claim? { ledger.ordered.randomElement(using: &random) }

    // MARK: Leasing

    func lease() async throws {
        let isAlice = random.happens(inPercent: 75)
        let owner = random.happens(inPercent: 60) ? host.start(user: isAlice ? 1000 : 1001) : nil
        try await lease(isAlice: isAlice, owner: owner)
    }

    func lease(isAlice: Bool, owner: ProcessIdentity?) async throws {
        let session = SessionName(rawValue: "\(isAlice ? "a" : "b")\(Int.random(in: 0..<4, using: &random))")
        var request = GrantRequest(session: session ?? "a", count: Int.random(in: 1...7, using: &random))
        if random.happens(inPercent: 35) { request.name = random.pick(["web", "db"]) }
        if random.happens(inPercent: 25) { request.pool = random.pick(host.pools).name }
        if random.happens(inPercent: 10) { request.align = 2 }
        let port = random.pick(SimulatedHost.ports)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: request.placement = .exactly(port)
        case 1: request.placement = .preferred(port)
        default: break
        }
        request.owner = owner.map { .pid($0.pid) }
        if owner == nil || random.happens(inPercent: 15) {
            request.ttl = .seconds(Int64.random(in: 1...120, using: &random))
        }
        let wish = request
        let wait = preference()
        let isKeyed = wait != nil && random.happens(inPercent: 40)
        let answer = try await ask(
            "lease \(wish.count) for \(wish.session)/\(wish.name?.rawValue ?? "") in \(wish.pool), \(wish.placement),"
                + " owner \(owner.map { "\($0.pid) of tick \($0.startTicks)" } ?? "none")"
                + (wait.map { ", waits \($0.isAsync ? "asynchronously" : "\($0.seconds ?? 0) s")" } ?? ""),
            as: isAlice ? Self.alice : Self.bob,
            expecting: [.poolExhausted, .sessionLimit, .portUnavailable, .nameConflict, .invalidField], isKeyed: isKeyed
        ) { try await daemon.manager.lease(wish, $0, wait: wait) }
        guard case .done(let reply) = answer else { return }
        let now = host.clock.now()
        switch reply {
        case .created(let lease):
            try checkGrant(lease)
            ledger.granted(lease, at: now)
            events.granted.append(lease.id)
            report.grants += 1
            note("  lease \(lease.id): \(lease.block)")
        case .existing(let lease):
            guard ledger.claims[lease.id] != nil else { throw failure("lease \(lease.id) was thought to be over") }
            let requested: Int64? = if case .seconds(let seconds) = wish.ttl { seconds * 1000 } else { nil }
            ledger.renewed(lease.id, requested: requested, at: now)
            note("  lease \(lease.id) is there")
        case .replayed, .again: throw failure("a request without a key was replayed")
        case .waiting(let ticket, _), .ticket(let ticket, _):
            guard wait != nil else { throw failure("a request that does not wait was put into the line") }
            note("  ticket \(ticket.id)")
        }
    }

    func renew() async throws {
        guard let claim = anyClaim() else { return }
        let seconds: Int64? =
            claim.ttl != nil && random.happens(inPercent: 50) ? Int64.random(in: 1...120, using: &random) : nil
        let answer = try await ask("renew \(claim.lease.id)", as: caller(of: claim.lease), expecting: []) {
            try await daemon.manager.renew(claim.lease.id, ttlSeconds: seconds, $0)
        }
        guard case .done = answer else { return }
        ledger.renewed(claim.lease.id, requested: seconds.map { $0 * 1000 }, at: host.clock.now())
        report.renewals += 1
    }

    func release() async throws {
        guard let claim = anyClaim() else { return }
        let answer = try await ask("release \(claim.lease.id)", as: caller(of: claim.lease), expecting: []) {
            try await daemon.manager.release(claim.lease.id, reason: "done", $0)
        }
        guard case .done = answer else { return }
        noteReleased([claim])
    }

    func endSession() async throws {
        guard let claim = anyClaim() else { return }
        let session = claim.lease.session
        events.sessionsEnded.insert(session)
        let answer = try await ask("end session \(session)", as: caller(of: claim.lease), expecting: []) {
            try await daemon.manager.endSession(session, $0)
        }
        guard case .done = answer else { return }
        noteReleased(ledger.ordered.filter { $0.lease.session == session })
    }

    private func noteReleased(_ claims: [Ledger.Claim]) {
        for claim in claims {
            ledger.claims[claim.lease.id] = nil
            events.released.insert(claim.lease.id)
            report.releases += 1
        }
    }

    // MARK: Agents

    func attach() async throws {
        guard let claim = anyClaim() else { return }
        let name = random.pick(Self.agents)
        let process = host.start(user: user(of: claim.lease))
        let answer = try await ask(
            "attach \(process.pid) of tick \(process.startTicks) to \(claim.lease.id) as \(name)",
            as: caller(of: claim.lease), expecting: [.invalidField]
        ) { try await daemon.manager.attach(name, .pid(process.pid), port: nil, to: claim.lease.id, $0) }
        guard case .done = answer else { return }
        ledger.claims[claim.lease.id]?.agents[name] = process
        report.attachments += 1
    }

    func detach() async throws {
        guard let claim = anyClaim() else { return }
        let name = random.pick(Self.agents)
        let answer = try await ask(
            "detach \(name) from \(claim.lease.id)", as: caller(of: claim.lease),
            expecting: claim.agents[name] == nil ? [.notFound] : []
        ) { try await daemon.manager.detach(name, from: claim.lease.id, $0) }
        guard case .done = answer else { return }
        ledger.claims[claim.lease.id]?.agents[name] = nil
    }

    /// Somebody touches a lease of somebody else: to them there is none.
    func trespass() async throws {
        guard let claim = anyClaim() else { return }
        let (lease, caller) = (claim.lease, other(than: claim.lease))
        let way = Int.random(in: 0..<4, using: &random)
        let answer = try await ask("trespass on \(lease.id), \(way)", as: caller, expecting: [.notFound]) { context in
            switch way {
            case 0: try await daemon.manager.release(lease.id, reason: "not mine", context)
            case 1: _ = try await daemon.manager.renew(lease.id, ttlSeconds: nil, context)
            case 2: try await daemon.manager.detach("one", from: lease.id, context)
            default: try await daemon.manager.endSession(lease.session, context)
            }
        }
        if case .done = answer { throw failure("a stranger changed lease \(lease.id)") }
    }
}
