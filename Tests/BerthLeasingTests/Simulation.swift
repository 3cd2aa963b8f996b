import BerthCore
import BerthStore
import BerthTestSupport
import FoundationEssentials
import Testing

@testable import BerthLeasing

/// A history of one host, driven by a seed: clients, processes, sockets and clocks, with the daemon killed in between.
///
/// Everything runs one after the other, so a seed replays exactly.
struct Simulation {
    private(set) var host: TestManager
    private var random: SplitMix64
    /// What the clients know: leases that were acknowledged and not yet ended, by their own doing.
    private var held: [LeaseID: Lease] = [:]
    private var nextPID: Int32 = 100
    private(set) var reuses = 0
    private(set) var orphaned = 0
    private(set) var boots = 1
    private let ports: [Port]

    init(seed: Int) async throws {
        host = try await TestManager.start(size: 40)
        random = SplitMix64(seed: seed)
        ports = PortBlock.of(20_000, 40).ports
    }

    /// One thing that happens.
    mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<28: try await lease()
        case 28..<38: try await release()
        case 38..<46: try await attach()
        case 46..<60: killProcess()
        case 60..<66: reusePID()
        case 66..<74: bindOrUnbind()
        case 74..<90: try await passTime()
        case 90..<94: try await tellDeaths()
        case 94..<97: host = try await host.restarted()
        case 97: host.clock.stepWall(milliseconds: Int64.random(in: -315_360_000_000...315_360_000_000, using: &random))
        case 98: try await sweepByHand()
        default: try await rebootNowAndThen()
        }
    }

    private mutating func lease() async throws {
        let owned = Bool.random(using: &random)
        let pid = owned ? start() : 0
        let name: LeaseName? = Int.random(in: 0..<3, using: &random) == 0 ? "web" : nil
        let session = try #require(SessionName(rawValue: "s\(Int.random(in: 0..<6, using: &random))"))
        let count = Int.random(in: 1...6, using: &random)
        let ttl = Int64.random(in: 1...120, using: &random)
        let bound = ports.filter { !host.probe.listeners(on: $0).isEmpty }
        do {
            let lease = try await host.lease(session, count) { request in
                request.name = name
                if owned { request.owner = .pid(pid) } else { request.ttl = .seconds(ttl) }
            }
            if held[lease.id] == nil {
                #expect(Set(lease.block.ports).isDisjoint(with: bound), "a bound port was granted")
            }
            held[lease.id] = lease
        } catch let error as BerthError {
            #expect([.poolExhausted, .nameConflict].contains(error.code), "\(error)")
        }
    }

    private mutating func release() async throws {
        guard let lease = held.values.sorted(by: { $0.id < $1.id }).randomElement(using: &random) else { return }
        try await host.release(lease)
        held[lease.id] = nil
    }

    private mutating func attach() async throws {
        guard let lease = held.values.sorted(by: { $0.id < $1.id }).randomElement(using: &random) else { return }
        let name: AgentName = Bool.random(using: &random) ? "one" : "two"
        do {
            held[lease.id] = try await host.manager.attach(
                name, .pid(start()), port: nil, to: lease.id, ChangeContext(caller: .alice))
        } catch {
            #expect([.leaseEnded, .invalidField].contains(error.code), "\(error)")
        }
    }

    /// A new process; its PID comes round soon.
    private mutating func start() -> Int32 {
        nextPID = nextPID == 130 ? 100 : nextPID + 1
        if host.processes.identify(nextPID) == nil { host.processes.start(nextPID) }
        return nextPID
    }

    private mutating func killProcess() {
        host.processes.end(Int32.random(in: 100...130, using: &random))
    }

    /// The process ends and another one has its number at once, before anybody could notice.
    private mutating func reusePID() {
        let pid = Int32.random(in: 100...130, using: &random)
        guard host.processes.identify(pid) != nil else { return }
        host.processes.start(pid)
        reuses += 1
    }

    private mutating func bindOrUnbind() {
        guard let port = ports.randomElement(using: &random) else { return }
        if host.probe.listeners(on: port).isEmpty {
            host.probe.bind(port, pid: 7, command: "stranger")
        } else {
            host.probe.unbind(port)
        }
    }

    private mutating func passTime() async throws {
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            host.clock.advance(milliseconds: 500)
            if Bool.random(using: &random) { try await tellDeaths() }
            await host.reaper.sweep()
        }
    }

    private mutating func tellDeaths() async throws {
        try await host.manager.record(host.watch.takeDeaths().map { Death($0, .event) })
    }

    private func sweepByHand() async throws { _ = try await host.manager.reap(dryRun: false) }

    private mutating func rebootNowAndThen() async throws {
        guard Int.random(in: 0..<20, using: &random) == 0 else { return }
        boots += 1
        for pid in Int32(100)...130 { host.processes.end(pid) }
        host.clock.reboot(as: BootID("boot-\(boots)"), down: 1000)
        host = try await host.restarted()
    }

    // MARK: What must hold

    /// Checks the rows, what memory knows, and that nobody lost a lease that was held.
    mutating func check() async throws {
        let records = try await host.store.allPorts()
        let active = try await host.store.leases(all(.active))
        try checkRows(records, active)
        let room = host.manager.ports.room(in: .standard)
        #expect(room.free == records.count { $0.state == .free }, "memory and rows differ")
        host.probe.forget()
        let ids = Set(active.map(\.id))
        for (id, lease) in held where !ids.contains(id) {
            held[id] = nil
            try await checkEnd(of: lease)
        }
    }

    private func checkRows(_ records: [PortRecord], _ active: [Lease]) throws {
        var owners: [Port: LeaseID] = [:]
        for lease in active {
            for port in lease.block.ports {
                #expect(owners.updateValue(lease.id, forKey: port) == nil, "two leases share port \(port)")
            }
            #expect(!lease.isAbandoned, "lease \(lease.id) is held by nobody")
        }
        for record in records { #expect(record.lease == owners[record.port], "port \(record.port)") }
    }

    /// A lease that ended by itself had lost its processes, or its time was over.
    private mutating func checkEnd(of lease: Lease) async throws {
        switch try await host.end(of: lease) {
        case .orphaned:
            orphaned += 1
            let now = try await host.manager.lease(lease.id, for: .administrator)
            let processes = [now.owner].compactMap { $0 } + now.agents.compactMap(\.state.runningProcess)
            #expect(processes.allSatisfy { !host.processes.isAlive($0) }, "lease \(lease.id) was orphaned alive")
        case .expired: #expect(lease.ttlMilliseconds != nil)
        case .released, nil: Issue.record("lease \(lease.id) ended by nobody's doing")
        }
    }

    /// When everybody is gone and everything unbound, every port comes back.
    mutating func wind() async throws {
        for pid in Int32(100)...130 { host.processes.end(pid) }
        for port in ports { host.probe.unbind(port) }
        for _ in 0..<400 {
            host.clock.advance(milliseconds: 500)
            try await tellDeaths()
            await host.reaper.sweep()
        }
        let kept = try await host.store.allPorts().filter { $0.state != .free }
        #expect(kept == [], "ports leaked")
        #expect(host.manager.ports.room(in: .standard).free == ports.count)
    }

    private func all(_ state: LeaseFilter.State) -> LeaseFilter {
        var filter = LeaseFilter()
        (filter.state, filter.limit) = (state, 10_000)
        return filter
    }
}

@Suite struct `A simulated host` {
    /// 1,000 steps for each seed, as many seeds as BERTH_SIMULATION_SEEDS says. The seed stands in the failure, and goes
    /// the same way again.
    @Test(arguments: 1...(ProcessInfo.processInfo.environment["BERTH_SIMULATION_SEEDS"].flatMap { Int($0) } ?? 8))
    func `never shares a port, never takes one from the living, and gets every port back`(seed: Int) async throws {
        var simulation = try await Simulation(seed: seed)
        for step in 0..<1000 {
            try await simulation.step()
            try await withKnownPlace(seed, step) { try await simulation.check() }
        }
        try await simulation.wind()
        #expect(simulation.reuses > 20 && simulation.orphaned > 0, "too little happened")
    }

    private func withKnownPlace(_ seed: Int, _ step: Int, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            Issue.record("seed \(seed), step \(step): \(error)")
            throw error
        }
    }
}
