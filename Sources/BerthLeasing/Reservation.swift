package import BerthCore
package import BerthStore

/// A block that is kept for one request while it is probed and claimed.
package struct Reservation: Sendable {
    package let pool: PoolName
    package let proposal: Proposal
    /// Those of its ports that rested, as they did.
    let resting: [Port: RestingPort]
    /// Whether its other ports were taken from the free ones.
    let isFromIndex: Bool
    /// Whether next fit chose the block, although the holder had others before.
    var isSecondBest = false
    /// Whether it was made for the line: whoever made it looks again by itself where that is of use.
    var isForLine = false
}

extension PortMap.PoolPorts {
    /// The choice of block: exact, preferred, the holder's earlier ones, then next fit.
    mutating func reserve(_ request: GrantRequest, held: [HeldBlock]) -> Reservation? {
        switch request.placement {
        case .exactly(let first):
            return reserve(at: first, request, held: held)
        case .preferred(let first):
            if let reservation = reserve(at: first, request, held: held) { return reservation }
        case .anywhere:
            break
        }
        for former in held where Int(former.block.first.number) % request.align == 0 {
            if let reservation = reserve(former.block, lastLease: former.lastLease) { return reservation }
        }
        guard let block = index.nextFit(count: request.count, align: request.align, from: nextPort) else { return nil }
        var reservation = reserve(block, lastLease: nil, nextPort: block.numbers.upperBound + 1)
        reservation?.isSecondBest = !held.isEmpty
        return reservation
    }

    private mutating func reserve(at first: Port, _ request: GrantRequest, held: [HeldBlock]) -> Reservation? {
        guard let block = PortBlock(first: first, count: request.count),
            Int(first.number) % request.align == 0
        else { return nil }
        return reserve(block, lastLease: held.first { $0.block == block }?.lastLease)
    }

    /// Takes the block when all of it is free, or rests only for the holder of `lastLease`.
    private mutating func reserve(_ block: PortBlock, lastLease: LeaseID?, nextPort: Int? = nil) -> Reservation? {
        if index.take(block) {
            reservations += 1
            return Reservation(
                pool: pool.name, proposal: Proposal(block: block, nextPort: nextPort), resting: [:], isFromIndex: true)
        }
        guard let lastLease, pool.ranges.contains(where: { $0.contains(block) }) else { return nil }
        var own: [Port: RestingPort] = [:]
        for port in block.ports {
            if let rests = resting[port], rests.state == .quarantined, rests.lastLease == lastLease {
                own[port] = rests
            } else if !index.isFree(PortBlock(port)) {
                return nil
            }
        }
        for port in block.ports where own[port] == nil { index.remove(port) }
        for port in own.keys { resting[port] = nil }
        reservations += 1
        return Reservation(
            pool: pool.name, proposal: Proposal(block: block, formerLease: lastLease), resting: own, isFromIndex: true)
    }

    /// Those of the lease's ports that are in this pool rest for its time.
    mutating func quarantine(_ lease: EndedLease, at now: BootTime) {
        let rest = now.advanced(byMilliseconds: Int64(pool.quarantineSeconds * 1000))
        for port in lease.block.ports where pool.runs.contains(where: { $0.contains(port) }) {
            resting[port] = RestingPort(state: .quarantined, lastLease: lease.lease, restsUntil: rest)
        }
    }

    /// Ends a reservation and puts these of its ports back where they were. One whose ports all stay away was granted,
    /// and next fit goes on behind it. Returns who waited for that.
    mutating func settle(
        _ reservation: Reservation, returning ports: [Port]
    ) -> [CheckedContinuation<Void, Never>] {
        reservations -= 1
        if let next = reservation.proposal.nextPort, ports.isEmpty { nextPort = Port(next) }
        for port in ports {
            if let rests = reservation.resting[port] {
                resting[port] = rests
            } else if reservation.isFromIndex {
                index.insert(PortBlock(port))
            }
        }
        defer { waiters = [] }
        return waiters
    }
}
