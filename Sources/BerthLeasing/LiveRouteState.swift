import BerthCore
import BerthRouter
import BerthStore

/// The live leases that have agents, by their sessions: what ``LiveRoutes`` keeps under its lock.
struct LiveRouteState {
    /// What the router has of a lease, while it lives. One object under the lock: a request changes it in place.
    final class Entry {
        let lease: LeaseID
        let session: RoutedSession
        var agents: [AgentName: Port]
        var card = CardRule.rewrite
        var inFlight = 0
        var lastRequestAt: BootTime?
        /// Its agents are stopped: requests wake them first.
        var isSuspended: Bool

        init(_ lease: LeaseID, of session: RoutedSession, agents: [AgentName: Port], isSuspended: Bool) {
            self.lease = lease
            self.session = session
            self.agents = agents
            self.isSuspended = isSuspended
        }
    }

    private struct SessionEntry {
        let session: RoutedSession
        /// The oldest first.
        var entries: [Entry]
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
        for lease in entry?.entries ?? [] {
            guard let port = lease.agents[agent] else { continue }
            guard !lease.isSuspended else { return .asleep }
            return .route(
                AgentRoute(
                    session: session.name, agent: agent, lease: lease.lease, port: port, principal: session.principal,
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
        if let known = leases[lease.id] {
            // Without agents too: its connections end with it and not before.
            known.agents = agents
        } else if !agents.isEmpty {
            let session = RoutedSession(
                name: lease.session, row: changed.sessionRow, principal: lease.principal)
            // Until its agents are ready who asks waits for the waking.
            let entry = Entry(lease.id, of: session, agents: agents, isSuspended: changed.isWoken)
            leases[lease.id] = entry
            var entries = sessions[session.name]?.entries ?? []
            entries.insert(entry, at: entries.firstIndex { $0.lease > lease.id } ?? entries.count)
            sessions[session.name] = SessionEntry(session: session, entries: entries)
            names[SessionLabel(session.name).description] = session.name
            if changed.isWoken { remove(sleeper: session) }
        }
    }

    /// - Returns: whether it was known.
    mutating func remove(_ lease: LeaseID) -> Bool {
        guard let entry = leases.removeValue(forKey: lease) else { return false }
        let name = entry.session.name
        sessions[name]?.entries.removeAll { $0 === entry }
        if sessions[name]?.entries.isEmpty == true {
            sessions[name] = nil
            if sleepers[name] == nil { names[SessionLabel(name).description] = nil }
        }
        return true
    }
}

extension RoutedSession {
    init(_ session: Session) { self.init(name: session.name, row: session.row, principal: session.principal) }
}
