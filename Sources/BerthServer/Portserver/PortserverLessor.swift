import BerthCore
import BerthHost
import BerthLeasing
import BerthStore
import NIOCore

/// Leases one port for the process that a client of the portserver protocol names.
struct PortserverLessor: Sendable {
    let manager: LeaseManager
    let peers: Peers
    let pool: PoolName
    let limiter: RateLimiter?

    /// A lease of one port, held by that process: it ends with it. Each request gets a further one. All of a process lie
    /// in the session `portserver:PID-TICKS`, where the ticks of its start tell it from others that have its number.
    ///
    /// The process belongs to the client's own user, or the client is root.
    func lease(forProcess pid: Int32, to channel: any Channel) async throws(BerthError) -> (Lease, ChangeContext) {
        guard let user = peers.credentials(of: channel)?.uid, let peer = await peers.process(of: channel) else {
            throw BerthError(.noSuchProcess, "The kernel does not tell which process asks; it may have ended.")
        }
        let caller = Caller(principal: .user(user), isAdministrator: user == 0, mayNameProcesses: true)
        if let limiter, !limiter.take(caller.principal).isGranted {
            throw BerthError(.tooManyRequests, "\(caller.principal) asks more often than it may.")
        }
        guard peers.sharesNumbers(with: peer) else {
            throw BerthError(
                .forbidden, "Process \(peer.pid) asks from another PID namespace: its numbers mean others.")
        }
        guard pid > 1 else {
            // Who means to name its parent, and has lost it, names init.
            throw BerthError(.forbidden, "A lease that init holds would never end.")
        }
        let owner = pid == peer.pid ? peer : try manager.identify(.pid(pid), field: "pid", for: caller)
        guard let session = SessionName(rawValue: "portserver:\(owner.pid)-\(owner.startTicks)") else {
            throw BerthError(.internal, "A process's numbers made no session's name.")
        }
        let context = ChangeContext(caller: caller)
        let request = GrantRequest(session: session, count: 1, pool: pool, owner: .caller(owner))
        guard case .created(let lease) = try await manager.lease(request, context) else {
            throw BerthError(.internal, "A lease without a name was there already.")
        }
        return (lease, context)
    }

    /// Gives a port back of which its client did not hear.
    func takeBack(_ lease: Lease, _ context: ChangeContext) async throws(BerthError) {
        try await manager.release(lease.id, reason: "its client went away unanswered", context)
    }
}
