import BerthTestSupport
import GRDB
import Testing

/// Every CHECK of the schema, each with rows that break it and nothing before it.
@Suite struct `The checks of the schema` {
    @Test(arguments: SchemaBreach.all)
    func `refuse a row that breaks one`(breach: SchemaBreach) throws {
        for changes in breach.rows {
            let refusal = try SchemaBench(hasTriggers: false).refusal(of: SchemaSpecimens.insert(breach.table, changes))
            #expect(
                refusal?.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                    == "CHECK constraint failed: \(breach.rule)",
                "\(breach.table): \(changes)")
        }
    }

    @Test func `are all broken by a case above`() throws {
        let bench = try SchemaBench()
        for table in try bench.tables {
            let cases = SchemaBreach.all.filter { $0.table == table }.map(\.rule)
            #expect(Set(cases) == Set(try bench.checks(of: table)), "\(table)")
        }
        #expect(SchemaBreach.all.count == 129)
    }

    /// Rows that lie just inside the checks.
    @Test(arguments: [
        ("pools", ["max_block": "1", "default_ttl_seconds": "1", "quarantine_ms": "0", "next_port": "65536"]),
        ("pools", ["queue": "'best-effort'"]),
        ("host", ["active_sessions": "0", "waiting": "0", "held_slots": "0", "last_turn": "0"]),
        ("sessions", ["name": "'" + String(repeating: "a", count: 128) + "'"]),
        ("sessions", ["state": "'ended'", "ended_at": "5", "lease_count": "0", "port_count": "0"]),
        ("sessions", ["template": "NULL", "variables": "NULL", "phase": "NULL"]),
        ("sessions", ["template": "'" + String(repeating: "a", count: 63) + "'", "phase": "'stopping'"]),
        ("leases", ["first_port": "65535", "count": "1"]), ("leases", ["first_port": "1", "count": "65535"]),
        ("leases", ["name": "NULL", "owner_inode": "NULL", "owner_ticks": "0"]),
        (
            "leases",
            [
                "owner_pid": "NULL", "owner_boot": "NULL", "owner_namespace": "NULL", "owner_ticks": "NULL",
                "owner_inode": "NULL",
            ]
        ),
        ("leases", ["ttl_ms": "NULL", "expires_at": "NULL", "deadline_boot": "NULL", "deadline_boot_ms": "NULL"]),
        (
            "leases",
            [
                "pinned": "1", "ttl_ms": "NULL", "expires_at": "NULL", "deadline_boot": "NULL",
                "deadline_boot_ms": "NULL", "owner_pid": "NULL", "owner_boot": "NULL", "owner_namespace": "NULL",
                "owner_ticks": "NULL", "owner_inode": "NULL",
            ]
        ),
        (
            "leases",
            [
                "state": "'expired'", "ended_at": "5", "end_reason": "'late'", "deadline_boot": "NULL",
                "deadline_boot_ms": "NULL",
            ]
        ),
        ("agents", ["state": "'running'", "exited_at": "NULL", "process_inode": "NULL", "process_ticks": "0"]),
        (
            "ports",
            [
                "state": "'free'", "rest_boot": "NULL", "rest_boot_ms": "NULL", "rest_since": "NULL",
                "rest_reason": "NULL",
            ]
        ),
        ("audit", ["first_port": "NULL", "count": "NULL"]),
        ("idempotency_keys", ["status": "200"]), ("idempotency_keys", ["status": "299"]),
        ("idempotency_keys", ["status": "202", "lease_id": "NULL", "ticket_id": "1"]),
    ])
    func `take a row at their bounds`(table: String, changes: [String: String]) throws {
        #expect(
            try SchemaBench(hasTriggers: false).refusal(of: SchemaSpecimens.insert(table, changes)) == nil,
            "\(table): \(changes)")
    }

    @Test(arguments: SchemaBreach.ticketsAtTheBounds)
    func `take a ticket at their bounds`(changes: [String: String]) throws {
        #expect(
            try SchemaBench(hasTriggers: false).refusal(of: SchemaSpecimens.insert("tickets", changes)) == nil,
            "\(changes)")
    }

    @Test(arguments: SchemaBreach.sleepersAtTheBounds)
    func `take a sleeping session at their bounds`(changes: [String: String]) throws {
        #expect(
            try SchemaBench(hasTriggers: false).refusal(of: SchemaSpecimens.insert("sessions", changes)) == nil,
            "\(changes)")
    }

    @Test(arguments: SchemaBreach.tokensAtTheBounds)
    func `take a token at their bounds`(changes: [String: String]) throws {
        #expect(
            try SchemaBench(hasTriggers: false).refusal(of: SchemaSpecimens.insert("tokens", changes)) == nil,
            "\(changes)")
    }
}

/// One CHECK, and rows that it must refuse.
struct SchemaBreach: Sendable, CustomTestStringConvertible {
    let table: String
    let rule: String
    /// Changes to the table's specimen, each enough to break the rule.
    let rows: [[String: String]]

    init(_ table: String, _ rule: String, _ rows: [String: String]...) {
        self.table = table
        self.rule = rule
        self.rows = rows
    }

    var testDescription: String { "\(table): \(rule)" }

    static let all: [SchemaBreach] = [
        pools, sessions, sleepers, leases, leaseStates, agents, ports, ledgers, outcomes, tickets, ticketStates, tokens,
    ].flatMap { $0 }
}

extension SchemaBreach {
    static func text(_ length: Int) -> String { "'" + String(repeating: "a", count: length) + "'" }

    private static let pools = [
        SchemaBreach("pools", "length(name) BETWEEN 1 AND 63", ["name": text(0)], ["name": text(64)]),
        SchemaBreach("pools", "max_block >= 1", ["max_block": "0"]),
        SchemaBreach("pools", "default_ttl_seconds >= 1", ["default_ttl_seconds": "0"]),
        SchemaBreach("pools", "quarantine_ms >= 0", ["quarantine_ms": "-1"]),
        SchemaBreach("pools", "next_port BETWEEN 1 AND 65536", ["next_port": "0"], ["next_port": "65537"]),
        SchemaBreach("pools", "queue IN ('fifo', 'best-effort')", ["queue": "'lifo'"]),
        SchemaBreach("host", "id = 1", ["id": "2"]),
        SchemaBreach("host", "active_sessions >= 0", ["active_sessions": "-1"]),
        SchemaBreach("host", "waiting >= 0", ["waiting": "-1"]),
        SchemaBreach("host", "held_slots >= 0", ["held_slots": "-1"]),
        SchemaBreach("host", "last_turn >= 0", ["last_turn": "-1"]),
    ]

    private static let sessions = [
        SchemaBreach("sessions", "length(name) BETWEEN 1 AND 128", ["name": text(0)], ["name": text(129)]),
        SchemaBreach("sessions", "state IN ('active', 'ended')", ["state": "'paused'"]),
        SchemaBreach("sessions", "lease_count >= 0", ["lease_count": "-1"]),
        SchemaBreach("sessions", "port_count >= lease_count", ["lease_count": "3", "port_count": "2"]),
        SchemaBreach(
            "sessions", "(state = 'ended') = (ended_at IS NOT NULL)", ["ended_at": "5"],
            ["state": "'ended'", "lease_count": "0", "port_count": "0"]),
        SchemaBreach("sessions", "state = 'active' OR lease_count = 0", ["state": "'ended'", "ended_at": "5"]),
        SchemaBreach("sessions", "lease_count > 0 OR port_count = 0", ["lease_count": "0"]),
        SchemaBreach("sessions", "length(template) BETWEEN 1 AND 63", ["template": text(0)], ["template": text(64)]),
        SchemaBreach(
            "sessions", "variables IS NULL OR (json_valid(variables) AND json_type(variables) = 'object')",
            ["variables": "'{'"],
            ["variables": "'[]'"]),
        SchemaBreach("sessions", "(variables IS NULL) = (template IS NULL)", ["variables": "NULL"]),
        SchemaBreach(
            "sessions", "phase IN ('starting', 'running') OR phase IN ('asleep', 'stopping')", ["phase": "'waking'"]),
        SchemaBreach("sessions", "(phase IS NULL) = (template IS NULL)", ["phase": "NULL"]),
    ]

    private static let leases = [
        SchemaBreach("leases", "length(name) BETWEEN 1 AND 128", ["name": text(0)], ["name": text(129)]),
        SchemaBreach("leases", "first_port BETWEEN 1 AND 65535", ["first_port": "0"], ["first_port": "65536"]),
        SchemaBreach(
            "leases", "count >= 1 AND first_port + count <= 65536", ["count": "0"], ["first_port": "65535"]),
        SchemaBreach("leases", "owner_pid > 0", ["owner_pid": "0"]),
        SchemaBreach("leases", "owner_ticks >= 0", ["owner_ticks": "-1"]),
        SchemaBreach(
            "leases", "json_valid(labels) AND json_type(labels) = 'object'", ["labels": "'{'"], ["labels": "'[]'"]),
        SchemaBreach("leases", "pinned IN (0, 1)", ["pinned": "2"]),
        SchemaBreach("leases", "ttl_ms > 0", ["ttl_ms": "0"]),
        SchemaBreach("leases", "(owner_pid IS NULL) = (owner_boot IS NULL)", ["owner_boot": "NULL"]),
        SchemaBreach("leases", "(owner_pid IS NULL) = (owner_namespace IS NULL)", ["owner_namespace": "NULL"]),
        SchemaBreach("leases", "(owner_pid IS NULL) = (owner_ticks IS NULL)", ["owner_ticks": "NULL"]),
        SchemaBreach(
            "leases", "owner_pid IS NOT NULL OR owner_inode IS NULL",
            ["owner_pid": "NULL", "owner_boot": "NULL", "owner_namespace": "NULL", "owner_ticks": "NULL"]),
        SchemaBreach(
            "leases", "owner_exited_at IS NULL OR owner_pid IS NOT NULL",
            [
                "owner_pid": "NULL", "owner_boot": "NULL", "owner_namespace": "NULL", "owner_ticks": "NULL",
                "owner_inode": "NULL", "owner_exited_at": "5",
            ]),
        SchemaBreach("leases", "pinned = 0 OR ttl_ms IS NULL", ["pinned": "1"]),
    ]

    private static let leaseStates = [
        SchemaBreach(
            "leases", "state IN ('active', 'released') OR state IN ('expired', 'orphaned')",
            ["state": "'gone'", "ended_at": "5", "end_reason": "'x'"]),
        SchemaBreach(
            "leases", "(state = 'active') = (ended_at IS NULL)", ["ended_at": "5", "end_reason": "'x'"],
            ["state": "'released'", "deadline_boot": "NULL", "deadline_boot_ms": "NULL"]),
        SchemaBreach("leases", "(ended_at IS NULL) = (end_reason IS NULL)", ["end_reason": "'x'"]),
        SchemaBreach("leases", "(ttl_ms IS NULL) = (expires_at IS NULL)", ["expires_at": "NULL"]),
        SchemaBreach("leases", "(deadline_boot_ms IS NULL) = (deadline_boot IS NULL)", ["deadline_boot": "NULL"]),
        SchemaBreach(
            "leases", "(deadline_boot_ms IS NOT NULL) = (state = 'active' AND ttl_ms IS NOT NULL)",
            ["deadline_boot": "NULL", "deadline_boot_ms": "NULL"],
            ["state": "'released'", "ended_at": "5", "end_reason": "'x'"]),
        SchemaBreach(
            "leases", "ttl_ms IS NOT NULL OR owner_pid IS NOT NULL OR pinned = 1",
            [
                "ttl_ms": "NULL", "expires_at": "NULL", "deadline_boot": "NULL", "deadline_boot_ms": "NULL",
                "owner_pid": "NULL", "owner_boot": "NULL", "owner_namespace": "NULL", "owner_ticks": "NULL",
                "owner_inode": "NULL",
            ]),
        SchemaBreach(
            "leases", "state <> 'expired' OR ttl_ms IS NOT NULL",
            [
                "state": "'expired'", "ended_at": "5", "end_reason": "'x'", "ttl_ms": "NULL", "expires_at": "NULL",
                "deadline_boot": "NULL", "deadline_boot_ms": "NULL",
            ]),
    ]

    private static let agents = [
        SchemaBreach("agents", "port BETWEEN 1 AND 65535", ["port": "0"], ["port": "65536"]),
        SchemaBreach("agents", "length(name) BETWEEN 1 AND 63", ["name": text(0)], ["name": text(64)]),
        SchemaBreach("agents", "state IN ('reserved', 'running') OR state = 'exited'", ["state": "'lost'"]),
        SchemaBreach("agents", "process_pid > 0", ["process_pid": "0"]),
        SchemaBreach("agents", "process_ticks >= 0", ["process_ticks": "-1"]),
        SchemaBreach(
            "agents", "(state = 'reserved') = (process_pid IS NULL)", ["state": "'reserved'", "exited_at": "NULL"],
            ["process_pid": "NULL"]),
        SchemaBreach(
            "agents", "(state = 'exited') = (exited_at IS NOT NULL)", ["exited_at": "NULL"], ["state": "'running'"]),
        SchemaBreach("agents", "(process_pid IS NULL) = (process_boot IS NULL)", ["process_boot": "NULL"]),
        SchemaBreach("agents", "(process_pid IS NULL) = (process_namespace IS NULL)", ["process_namespace": "NULL"]),
        SchemaBreach("agents", "(process_pid IS NULL) = (process_ticks IS NULL)", ["process_ticks": "NULL"]),
        SchemaBreach(
            "agents", "process_pid IS NOT NULL OR process_inode IS NULL",
            [
                "state": "'reserved'", "exited_at": "NULL", "process_pid": "NULL", "process_boot": "NULL",
                "process_namespace": "NULL", "process_ticks": "NULL",
            ]),
    ]

    private static let ports = [
        SchemaBreach("ports", "port BETWEEN 1 AND 65535", ["port": "0"], ["port": "65536"]),
        SchemaBreach(
            "ports", "state IN ('free', 'leased') OR state IN ('quarantined', 'foreign')", ["state": "'lost'"]),
        SchemaBreach(
            "ports", "(state = 'leased') = (lease_id IS NOT NULL)", ["lease_id": "1"],
            ["state": "'leased'", "rest_since": "NULL", "rest_reason": "NULL"]),
        SchemaBreach(
            "ports", "(state = 'quarantined') = (rest_boot_ms IS NOT NULL)",
            ["state": "'free'", "rest_since": "NULL", "rest_reason": "NULL"],
            ["rest_boot": "NULL", "rest_boot_ms": "NULL"]),
        SchemaBreach("ports", "(rest_boot IS NULL) = (rest_boot_ms IS NULL)", ["rest_boot": "NULL"]),
        SchemaBreach(
            "ports", "rest_since IS NULL OR state IN ('quarantined', 'foreign')",
            ["state": "'free'", "rest_boot": "NULL", "rest_boot_ms": "NULL"]),
        SchemaBreach("ports", "rest_reason IS NULL OR rest_since IS NOT NULL", ["rest_since": "NULL"]),
        SchemaBreach("ports", "pool IS NOT NULL OR state = 'leased'", ["pool": "NULL"]),
        SchemaBreach("held_blocks", "count >= 1", ["count": "0"]),
        SchemaBreach("held_blocks", "first_port BETWEEN 1 AND 65535", ["first_port": "0"], ["first_port": "65536"]),
        SchemaBreach("held_blocks", "last_lease_id >= first_lease_id", ["last_lease_id": "0"]),
    ]

    private static let ledgers = [
        SchemaBreach("audit", "seq >= 1", ["seq": "0"]),
        SchemaBreach("audit", "details IS NULL OR json_valid(details)", ["details": "'{'"]),
        SchemaBreach("audit_cuts", "seq >= 1", ["seq": "0"]),
        SchemaBreach("audit_cuts", "length(hash) = 32", ["hash": "zeroblob(31)"]),
        SchemaBreach("audit_cuts", "json_valid(state)", ["state": "'{'"]),
        SchemaBreach("audit_cuts", "length(digest) = 32", ["digest": "zeroblob(31)"]),
        SchemaBreach("audit_verified", "id = 1", ["id": "2"]),
        SchemaBreach("audit_verified", "seq >= 1", ["seq": "0"]),
        SchemaBreach("audit_verified", "length(hash) = 32", ["hash": "zeroblob(31)"]),
        SchemaBreach("backup_stamp", "id = 1", ["id": "2"]),
        SchemaBreach("audit", "length(hash) = 32", ["hash": "zeroblob(31)"], ["hash": "zeroblob(33)"]),
        SchemaBreach("audit", "(first_port IS NULL) = (count IS NULL)", ["first_port": "NULL"], ["count": "NULL"]),
    ]

    private static let outcomes = [
        SchemaBreach("idempotency_keys", "length(key) BETWEEN 1 AND 255", ["key": text(0)], ["key": text(256)]),
        SchemaBreach("idempotency_keys", "length(request_hash) = 32", ["request_hash": "zeroblob(31)"]),
        SchemaBreach("idempotency_keys", "status BETWEEN 200 AND 299", ["status": "199"], ["status": "300"]),
        SchemaBreach(
            "idempotency_keys", "(lease_id IS NULL) <> (ticket_id IS NULL)", ["lease_id": "NULL"], ["ticket_id": "1"],
            ["status": "202", "ticket_id": "1"]),
        SchemaBreach(
            "idempotency_keys", "(status = 202) = (ticket_id IS NOT NULL)", ["status": "202"],
            ["lease_id": "NULL", "ticket_id": "1"]),
    ]
}
