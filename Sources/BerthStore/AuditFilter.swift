package import BerthCore
import GRDB

/// Which audit records to list, and in which order.
package struct AuditFilter: Hashable, Sendable {
    /// `desc` lists the newest first.
    package enum Order: String, CaseIterable, Sendable { case asc, desc }

    package var port: Port?
    package var session: SessionName?
    package var lease: LeaseID?
    package var pool: PoolName?
    package var event: AuditEvent?
    package var principal: Principal?
    /// From this instant on.
    package var since: Instant?
    /// Up to and with this instant.
    package var until: Instant?
    /// Only later records.
    package var after: Int64 = 0
    /// Nothing later than this record; nil for no bound.
    package var through: Int64?
    package var order = Order.asc
    /// Only what this principal did, or what is about a lease or session of its; nil for everything.
    package var viewer: Principal?
    /// The record that the page starts behind, in its order.
    package var cursor: Int64?
    package var limit = 100

    package init() {}
}

/// The statement for one page.
///
/// One filter leads: its index holds the records in the order of the answer, so that a page costs its own length. The
/// other filters are looked at row by row; a unary plus keeps SQLite from choosing another index for them.
struct AuditSelect {
    let sql: String
    let arguments: StatementArguments

    /// One index's part of the answer.
    private struct Arm {
        let index: String?
        let condition: String
        var arguments: StatementArguments = []
    }

    /// - Parameters:
    ///   - range: the sequence numbers to look at.
    ///   - blocks: those that cover the filter's port, if it has one.
    init(
        _ filter: AuditFilter, range: ClosedRange<Int64>, blocks: [CoveringBlock]
    ) {
        var rest: [String] = []
        var restArguments: StatementArguments = []
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            rest.append(condition)
            restArguments += [value]
        }
        var arms = Self.arms(filter, blocks)
        // Each filter that doesn't lead.
        if let lease = filter.lease, arms.first?.index != "audit_lease" { add("+lease_id = ?", lease.number) }
        if let session = filter.session, arms.first?.index != "audit_session" { add("+session = ?", session.rawValue) }
        if let port = filter.port, arms.first?.index != "audit_cell" {
            add("+first_port <= ?", Int(port.number))
            add("first_port + count > ?", Int(port.number))
        }
        if let event = filter.event, arms.first?.index != "audit_event" { add("+event = ?", event.rawValue) }
        if let principal = filter.principal, arms.first?.index != "audit_principal" {
            add("+principal = ?", principal.description)
        }
        if let pool = filter.pool, arms.first?.index != "audit_pool" { add("+pool = ?", pool.rawValue) }
        if let viewer = filter.viewer, arms.first?.index != "audit_holder" {
            rest.append("(+holder = ? OR +principal = ?)")
            restArguments += [viewer.description, viewer.description]
        }
        if arms.isEmpty { arms = [Arm(index: nil, condition: "1")] }
        var arguments: StatementArguments = []
        let selects = arms.map { arm in
            arguments += arm.arguments
            arguments += [range.lowerBound, range.upperBound]
            arguments += restArguments
            let conditions = ([arm.condition, "seq BETWEEN ? AND ?"] + rest).joined(separator: " AND ")
            let table = arm.index.map { "audit INDEXED BY \($0)" } ?? "audit"
            return "SELECT \(AuditRecord.columns) FROM \(table) WHERE \(conditions)"
        }
        sql = "\(selects.joined(separator: " UNION ALL ")) ORDER BY seq \(filter.order.rawValue) LIMIT ?"
        self.arguments = arguments + [filter.limit]
    }

    /// The arms of the filter that leads: the one that as a rule is about the fewest records.
    private static func arms(_ filter: AuditFilter, _ blocks: [CoveringBlock]) -> [Arm] {
        if let lease = filter.lease {
            return [Arm(index: "audit_lease", condition: "lease_id = ?", arguments: [lease.number])]
        }
        if filter.port != nil {
            guard !blocks.isEmpty else { return [Arm(index: "audit_cell", condition: "cell = -1")] }
            return blocks.map { block in
                Arm(
                    index: "audit_cell", condition: "cell = ? AND first_port = ? AND count = ?",
                    arguments: [block.cell, block.first, block.count])
            }
        }
        if let session = filter.session {
            return [Arm(index: "audit_session", condition: "session = ?", arguments: [session.rawValue])]
        }
        if let principal = filter.principal {
            return [Arm(index: "audit_principal", condition: "principal = ?", arguments: [principal.description])]
        }
        if let viewer = filter.viewer {
            let name = viewer.description
            // What it did with its own belongs to the second arm alone.
            return [
                Arm(index: "audit_holder", condition: "holder = ? AND holder <> principal", arguments: [name]),
                Arm(index: "audit_principal", condition: "principal = ?", arguments: [name]),
            ]
        }
        if let event = filter.event {
            return [Arm(index: "audit_event", condition: "event = ?", arguments: [event.rawValue])]
        }
        if let pool = filter.pool {
            return [Arm(index: "audit_pool", condition: "pool = ?", arguments: [pool.rawValue])]
        }
        return []
    }
}
