import BerthCore
import BerthRouter
import BerthStore

/// The live leases that have agents, by their sessions: what ``LiveRoutes`` keeps under its lock.
struct LiveRouteState {
    /// What the router has of a lease, while it lives.
    struct Entry {
        let session: RoutedSession
        var agents: [AgentName: Port]
        var card = CardRule.rewrite
        var inFlight = 0
        var lastRequestAt: BootTime?
        /// Its agents are stopped: requests wake them first.
        var isSuspended = false
    }

    private struct SessionEntry {
        let session: RoutedSession
        /// Ascending.
        var leases: [LeaseID]
    }

    var leases: [LeaseID: Entry] = [:]
    /// Sessions that sleep without their template's lease.
    private(set) var sleepers: [SessionName: RoutedSession] = [:]
    var waker: (any SessionWaker)?
    var followers: [@Sendable (LeaseID) -> Void] = []
    private var sessions: [SessionName: SessionEntry] = [:]
    private var names: [String: SessionName] = [:]

    func session(_ selector: SessionSelector) -> RoutedSession? {
        switch selector {
        case .name(let name): sessions[name]?.session ?? sleepers[name]
        case .label(let label): names[label].flatMap { sessions[$0]?.session ?? sleepers[$0] }
        }
    }

    func route(_ agent: AgentName, of session: RoutedSession) -> RouteLook {
        let entry = sessions[session.name].flatMap { $0.session == session ? $0 : nil }
        for id in entry?.leases ?? [] {
            guard let lease = leases[id], let port = lease.agents[agent] else { continue }
            guard !lease.isSuspended else { return .asleep }
            return .route(
                AgentRoute(
                    session: session.name, agent: agent, lease: id, port: port, principal: session.principal,
                    card: lease.card))
        }
        return sleepers[session.name] == session ? .asleep : .noAgent
    }

    mutating func add(sleeper session: RoutedSession) {
        sleepers[session.name] = session
        names[SessionLabel(session.name).description] = session.name
    }

    mutating func remove(sleeper session: RoutedSession) {
        guard sleepers[session.name] == session else { return }
        sleepers[session.name] = nil
        if sessions[session.name] == nil { names[SessionLabel(session.name).description] = nil }
    }

    mutating func note(_ changed: SessionLease) {
        let lease = changed.lease
        let agents = Dictionary(lease.agents.map { ($0.name, $0.port) }) { first, _ in first }
        if leases[lease.id] != nil {
            // Without agents too: its connections end with it and not before.
            leases[lease.id]?.agents = agents
        } else if !agents.isEmpty {
            let session = RoutedSession(
                name: lease.session, row: changed.sessionRow, principal: lease.principal)
            leases[lease.id] = Entry(session: session, agents: agents)
            // Until its agents are ready who asks waits for the waking.
            leases[lease.id]?.isSuspended = changed.isWoken
            var ids = sessions[session.name]?.leases ?? []
            ids.insert(lease.id, at: ids.firstIndex { $0 > lease.id } ?? ids.count)
            sessions[session.name] = SessionEntry(session: session, leases: ids)
            names[SessionLabel(session.name).description] = session.name
            if changed.isWoken { remove(sleeper: session) }
        }
    }

    /// - Returns: whether it was known.
    mutating func remove(_ lease: LeaseID) -> Bool {
        guard let entry = leases.removeValue(forKey: lease) else { return false }
        let name = entry.session.name
        sessions[name]?.leases.removeAll { $0 == lease }
        if sessions[name]?.leases.isEmpty == true {
            sessions[name] = nil
            if sleepers[name] == nil { names[SessionLabel(name).description] = nil }
        }
        return true
    }
}

extension RoutedSession {
    init(_ session: Session) { self.init(name: session.name, row: session.row, principal: session.principal) }
}
