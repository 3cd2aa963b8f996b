package import BerthCore
package import BerthStore
import Synchronization

/// What memory knows of the pools' ports: a hint that makes proposals, while the rows decide.
///
/// A port is here in one of three places: free in its pool's index, resting (quarantined or foreign), or nowhere,
/// because it is leased or reserved for somebody who probes it. So no two requests ever probe the same port at once
/// and take each other for strangers.
package final class PortMap: Sendable {
    /// One pool's ports.
    struct PoolPorts {
        let pool: Pool
        /// How many ports it has.
        let size: Int
        var index: FreeBlockIndex
        /// Where next fit goes on.
        var nextPort: Port?
        var resting = RestingPorts()
        /// Reservations that are neither granted nor given back yet.
        var reservations = 0
        /// Who waits for a reservation to be settled.
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let pools: Mutex<[PoolName: PoolPorts]>

    /// A closure that stands bare in a mutex is wrapped anew each time the mutex is entered.
    private struct RoomFollower {
        let body: @Sendable (_ pool: PoolName, _ largestRun: Int, _ isBestEffort: Bool) -> Void
    }

    private let roomFollower = Mutex<RoomFollower?>(nil)

    /// - Parameter records: every port of every pool, as the rows have it.
    package init(pools: [Pool], records: [PortRecord], nextPorts: [PoolName: Int]) {
        var map: [PoolName: PoolPorts] = [:]
        for pool in pools {
            map[pool.name] = PoolPorts(
                pool: pool, size: pool.runs.reduce(0) { $0 + $1.count }, index: FreeBlockIndex(pool: pool),
                nextPort: nextPorts[pool.name].flatMap { Port($0) })
        }
        let free = records.filter { $0.state == .free }
        for (name, ports) in Dictionary(grouping: free, by: \.pool) {
            guard let name else { continue }
            for run in PortBlock.runs(of: ports.map(\.port)) { map[name]?.index.insert(run) }
        }
        for record in records {
            guard let name = record.pool, let resting = RestingPort(record) else { continue }
            map[name]?.resting[record.port] = resting
        }
        self.pools = Mutex(map)
    }

    /// Calls `body` whenever ports of a pool became free, with its longest free run. It must be quick.
    package func followRoom(
        _ body: @escaping @Sendable (_ pool: PoolName, _ largestRun: Int, _ isBestEffort: Bool) -> Void
    ) {
        roomFollower.withLock { $0 = RoomFollower(body: body) }
    }

    /// Tells where ports became free, once they are.
    private func tellRoom(in names: some Sequence<PoolName>) {
        guard let follower = roomFollower.withLock({ $0 }) else { return }
        for name in names {
            let found = pools.withLock { pools in
                pools[name].map { (largestRun: $0.index.largestRun, isBestEffort: $0.pool.queue == .bestEffort) }
            }
            if let found { follower.body(name, found.largestRun, found.isBestEffort) }
        }
    }

    /// Takes a block out of what others are offered; nil when none fits. Every reservation must be settled.
    package func reserve(_ request: GrantRequest, held: [HeldBlock], isForLine: Bool = false) -> Reservation? {
        var reservation = pools.withLock { pools in pools[request.pool]?.reserve(request, held: held) }
        reservation?.isForLine = isForLine
        return reservation
    }

    /// Takes exactly this lease's block, which is just being given up, for its own holder.
    package func reserve(_ block: PortBlock, in pool: PoolName, formerLease: LeaseID) -> Reservation {
        pools.withLock { pools in pools[pool]?.reservations += 1 }
        return Reservation(
            pool: pool, proposal: Proposal(block: block, formerLease: formerLease), resting: [:], isFromIndex: false)
    }

    /// The block is leased now.
    package func settle(granted reservation: Reservation) { settle(reservation, returning: []) }

    /// The block was not used; these of its ports are as they were before. The others were found bound.
    package func settle(returned reservation: Reservation, except bound: [Port] = []) {
        settle(reservation, returning: reservation.proposal.block.ports.filter { !bound.contains($0) })
    }

    private func settle(_ reservation: Reservation, returning ports: [Port]) {
        let waiters = pools.withLock { pools in
            pools[reservation.pool]?.settle(reservation, returning: ports) ?? []
        }
        for waiter in waiters { waiter.resume() }
        // Woken by what it gives back itself, the line would look at a bound block for ever.
        if !ports.isEmpty, !reservation.isForLine { tellRoom(in: [reservation.pool]) }
    }

    /// How many reservations of the pool are under way: one of them may come back.
    package func reservations(in pool: PoolName) -> Int { pools.withLock { $0[pool]?.reservations ?? 0 } }

    /// Waits until a reservation of the pool is settled; returns at once when there is none.
    package func nextSettlement(in pool: PoolName) async {
        await withCheckedContinuation { continuation in
            let isWaiting = pools.withLock { pools in
                guard let count = pools[pool]?.reservations, count > 0 else { return false }
                pools[pool]?.waiters.append(continuation)
                return true
            }
            if !isWaiting { continuation.resume() }
        }
    }

    /// The block is leased, whoever had it reserved or at rest before.
    package func granted(_ block: PortBlock, in pool: PoolName) {
        pools.withLock { pools in
            for port in block.ports {
                pools[pool]?.index.remove(port)
                _ = pools[pool]?.resting.take(port)
            }
        }
    }

    /// The lease ended at `now`: its ports are free, or rest. A start may have put them into another pool than the one
    /// that they were granted from.
    package func ended(_ lease: EndedLease, at now: BootTime) {
        let grown = pools.withLock { pools in
            // Changed where they stand: a copy would copy every resting port of the pool with it.
            for name in pools.keys {
                if lease.isQuarantined {
                    pools[name]?.quarantine(lease, at: now)
                } else {
                    pools[name]?.index.insert(lease.block)
                }
            }
            return lease.isQuarantined ? [] : Array(pools.keys)
        }
        tellRoom(in: grown)
    }

    /// The rows say this of a port, which no reservation holds.
    package func update(_ record: PortRecord) {
        pools.withLock { pools in
            guard let name = record.pool else { return }
            pools[name]?.index.remove(record.port)
            pools[name]?.resting[record.port] = RestingPort(record)
            if record.state == .free { pools[name]?.index.insert(PortBlock(record.port)) }
        }
        if record.state == .free, let name = record.pool { tellRoom(in: [name]) }
    }

    /// The port is free, and no reservation holds it.
    package func markFree(_ port: Port) {
        let names = pools.withLock { pools in
            for name in pools.keys {
                pools[name]?.resting[port] = nil
                pools[name]?.index.insert(PortBlock(port))
            }
            return Array(pools.keys)
        }
        tellRoom(in: names)
    }

    /// Which resting ports are taken out for a look.
    enum Looks {
        /// Those whose next look is due.
        case due
        /// Those that nothing but a bound socket keeps from being free, though their next look may be later.
        case rested
        /// All of them.
        case all
    }

    /// Whether a look at a resting port may be due.
    func isLookDue(at now: BootTime) -> Bool {
        pools.withLock { pools in pools.keys.contains { pools[$0]?.resting.isLookDue(at: now) == true } }
    }

    /// Takes resting ports out of the map, `limit` at most, ascending. Each must be put back with ``rest(_:_:)`` or
    /// ``update(_:)``.
    func takeResting(_ looks: Looks, at now: BootTime, limit: Int) -> [(port: Port, resting: RestingPort)] {
        pools.withLock { pools in
            var taken: [(port: Port, resting: RestingPort)] = []
            for name in pools.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
                let rest = limit - taken.count
                switch looks {
                case .due: taken += pools[name]?.resting.takeDue(at: now, limit: rest) ?? []
                case .rested: taken += pools[name]?.resting.takeRested(at: now, limit: rest) ?? []
                case .all: taken += pools[name]?.resting.takeRested(at: BootTime(milliseconds: .max), limit: rest) ?? []
                }
            }
            return taken.sorted { $0.port < $1.port }
        }
    }

    /// Takes one resting port out of the map for a look at it; nil when it does not rest or is being looked at.
    package func takeResting(_ port: Port) -> RestingPort? {
        pools.withLock { pools in
            for name in pools.keys {
                if let resting = pools[name]?.resting.take(port) { return resting }
            }
            return nil
        }
    }

    /// Puts a port back to rest.
    package func rest(_ port: Port, _ resting: RestingPort) {
        pools.withLock { pools in
            for name in pools.keys where pools[name]?.pool.runs.contains(where: { $0.contains(port) }) == true {
                pools[name]?.resting[port] = resting
            }
        }
    }

    /// Takes one free port out of the map for a look at it; false when it is not free.
    package func takeFree(_ port: Port) -> Bool {
        pools.withLock { pools in
            pools.keys.contains { pools[$0]?.index.take(PortBlock(port)) == true }
        }
    }

    /// Every port of a pool that is free or rests, for a comparison with the rows.
    package func contents(of pool: PoolName) -> (free: Set<Port>, resting: [Port: RestingPort]) {
        pools.withLock { pools in
            guard let ports = pools[pool] else { return ([], [:]) }
            return (Set(ports.pool.ports.filter { ports.index.isFree(PortBlock($0)) }), ports.resting.all)
        }
    }

    /// The longest free run, the free ports and the leased or reserved ones of a pool.
    package func room(in pool: PoolName) -> (largestFreeBlock: Int, free: Int, leased: Int) {
        pools.withLock { pools in
            guard let ports = pools[pool] else { return (0, 0, 0) }
            let free = ports.index.freeCount
            return (ports.index.largestRun, free, ports.size - free - ports.resting.count)
        }
    }
}
