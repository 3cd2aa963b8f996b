import BerthCore
import BerthStore
import BerthTestSupport
import Testing

/// A long history of everything that callers and the host may do, from a seed, looked at from outside.
@Suite struct `A random history` {
    @Test(arguments: [1, 2, 3])
    func `never shares a port, keeps its counts and its ledger whole`(seed: Int) async throws {
        var history = try await RandomHistory(seed: seed)
        for step in 0..<5_000 {
            try await history.step()
            if step.isMultiple(of: 100) { try history.test.expectSoundRows() }
        }
        try history.test.expectSoundRows()
        try history.test.expectWholeAudit()
        let leases = try await history.test.store.leases(LeaseFilter.all).count
        #expect(leases > 300, "too little was granted: \(leases)")
        let events = Set(try history.test.rows("SELECT DISTINCT event FROM audit"))
        let ways = [
            "json_extract(details, '$.expiry') IS NULL AND event = 'session.slept'",
            "json_extract(details, '$.expiry') IS NOT NULL AND event = 'session.slept'",
            "reason LIKE '%ports again' AND event = 'session.woken'", "reason LIKE '%while it slept'",
            "reason IS NULL AND json_extract(details, '$.session_id') > 0 AND event = 'session.ended'",
        ]
        for way in ways {
            #expect(try !history.test.rows("SELECT 1 FROM audit WHERE \(way) LIMIT 1").isEmpty, "\(way)")
        }
        let unused: Set = ["daemon.stopped", "daemon.restored", "audit.pruned"]
        #expect(
            events == Set(AuditEvent.allCases.map(\.rawValue)).subtracting(unused), "the history left something out")
    }
}

extension LeaseFilter {
    fileprivate static var all: LeaseFilter {
        var filter = LeaseFilter()
        (filter.state, filter.limit) = (.all, 10_000)
        return filter
    }
}

extension TestStore {
    /// The rules over live rows, worked out in Swift from plain rows rather than by the SQL of the check at start.
    fileprivate func expectSoundRows(sourceLocation: SourceLocation = #_sourceLocation) throws {
        var holders: [Int: Int] = [:]
        var counts: [String: (leases: Int, ports: Int)] = [:]
        for row in try rows("SELECT id, session_id, first_port, count FROM leases WHERE state = 'active'") {
            let parts = row.split(separator: "|").compactMap { Int($0) }
            for port in parts[2]..<(parts[2] + parts[3]) {
                let other = holders.updateValue(parts[0], forKey: port)
                #expect(other == nil, "port \(port) is in two live leases", sourceLocation: sourceLocation)
            }
            counts["\(parts[1])", default: (0, 0)].leases += 1
            counts["\(parts[1])", default: (0, 0)].ports += parts[3]
        }
        let claimed = try rows("SELECT port, lease_id FROM ports WHERE state = 'leased' OR lease_id IS NOT NULL")
        #expect(
            Set(claimed) == Set(holders.map { "\($0.key)|\($0.value)" }), "ports and leases differ",
            sourceLocation: sourceLocation)
        let active = try rows("SELECT id, lease_count, port_count FROM sessions WHERE state = 'active'")
        let asleep = try rows("SELECT id, 0, 0 FROM sessions WHERE has_released = 1 AND lease_count = 0")
        #expect(
            Set(active).subtracting(asleep) == Set(counts.map { "\($0.key)|\($0.value.leases)|\($0.value.ports)" }),
            sourceLocation: sourceLocation)
        #expect(
            try rows("SELECT active_sessions FROM host") == ["\(active.count)"], sourceLocation: sourceLocation)
    }
}
