/// A row of every table that the schema accepts beside the base state, as SQL literals by column.
///
/// A test of a constraint changes one or a few columns of a specimen, so that nothing but the constraint can refuse it.
enum SchemaSpecimens {
    /// Valid rows: a session with an active lease and an ended one, ports in every state, and a line: ticket 1 was
    /// granted and its client has not heard of it, 2 and 3 are at their pool's gate, 4 is at the gate of the sessions.
    /// Of the tokens, 1 lets somebody in, and 2 was revoked.
    static let base = """
        INSERT INTO boots VALUES (1, 'boot-1');
        INSERT INTO pools VALUES ('default', '20000-20099', '', 256, 3600, 2000, 20000, 'fifo');
        INSERT INTO sessions (id, name, principal, state, created_at, ended_at)
            VALUES (2, 'bob', 'uid:1001', 'ended', 1, 2);
        INSERT INTO sessions (id, name, principal, state, created_at, lease_count, port_count)
            VALUES (1, 'alice', 'uid:1000', 'active', 1, 1, 2);
        INSERT INTO leases (id, session_id, name, pool, first_port, count, principal, ttl_ms, created_at, renewed_at,
                state, deadline_boot, deadline_boot_ms, expires_at, ended_at, end_reason)
            VALUES (1, 1, 'web', 'default', 20000, 2, 'uid:1000', 9, 1, 1, 'active', 1, 9, 9, NULL, NULL),
                (2, 2, 'web', 'default', 20010, 2, 'uid:1001', 9, 1, 1, 'released', NULL, NULL, 9, 5, 'done');
        INSERT INTO ports (port, pool, state) VALUES
            (20000, 'default', 'free'), (20001, 'default', 'free'), (20002, 'default', 'free'),
            (20003, 'default', 'foreign');
        INSERT INTO ports (port, pool, state, rest_boot, rest_boot_ms) VALUES (20004, 'default', 'quarantined', 1, 9);
        UPDATE ports SET state = 'leased', lease_id = 1 WHERE port IN (20000, 20001);
        INSERT INTO agents (lease_id, port, name, state) VALUES (1, 20000, 'one', 'reserved');
        INSERT INTO held_blocks VALUES ('uid:1000', 'alice', 'web', 'default', 2, 20000, 1, 1);
        INSERT INTO audit (seq, at, event, principal, hash) VALUES (1, 10, 'daemon.started', 'daemon', zeroblob(32));
        WITH places (id, turn) AS (VALUES (1, 1), (2, 2), (3, 3), (4, NULL))
        INSERT INTO tickets (id, principal, session, pool, count, wish, owner_boot, owner_namespace, owner_pid,
                owner_ticks, is_async, method, path, key, request_hash, created_at, deadline_boot, deadline_boot_ms,
                deadline_at, turn, state)
            SELECT id, 'uid:1000', 'alice', 'default', 2, '{}', 1, 7, 42, 5, 0, 'POST', '/v1/leases', 'wait-' || id,
                zeroblob(32), 1, 1, 9, 9, turn, 'waiting' FROM places;
        UPDATE tickets SET state = 'granted', lease_id = 1, ended_at = 5, end_reason = 'it waited', last_seq = 1
            WHERE id = 1;
        INSERT INTO idempotency_keys VALUES
            ('uid:1000', 'POST', '/v1/leases', 'key-1', zeroblob(32), 201, 1, NULL, 1);
        INSERT INTO tokens (id, name, hash, max_ports, allow_pids, created_at, created_by, expires_at, key, request_hash)
            VALUES (1, 'ci', zeroblob(32), 6, 0, 1, 'uid:0', 9, 'token-1', zeroblob(32)),
                (2, 'old', \(hash("02")), NULL, 1, 1, 'uid:0', NULL, NULL, NULL);
        UPDATE tokens SET revoked_at = 5, last_seq = 1 WHERE id = 2;
        """

    /// A hash as a literal, from the two digits of all its bytes.
    static func hash(_ digits: String) -> String { "x'" + String(repeating: digits, count: 32) + "'" }

    static let rows: [String: [(column: String, value: String)]] = [
        "schema_migrations": [("version", "99"), ("name", "'V099__more'"), ("checksum", "'00'")],
        "boots": [("id", "2"), ("boot_id", "'boot-2'")],
        "pools": [
            ("name", "'other'"), ("ranges", "'30000-30009'"), ("excluded", "''"), ("max_block", "8"),
            ("default_ttl_seconds", "60"), ("quarantine_ms", "0"), ("next_port", "30000"), ("queue", "'fifo'"),
        ],
        "host": [
            ("id", "1"), ("active_sessions", "1"), ("waiting", "3"), ("held_slots", "0"), ("last_turn", "3"),
        ],
        "sessions": [
            ("id", "3"), ("name", "'carol'"), ("principal", "'uid:1002'"), ("state", "'active'"), ("created_at", "1"),
            ("ended_at", "NULL"), ("lease_count", "1"), ("port_count", "2"), ("template", "'draft'"),
            ("variables", "'{}'"), ("phase", "'running'"), ("has_released", "0"), ("asleep_ttl_ms", "NULL"),
            ("asleep_boot", "NULL"), ("asleep_boot_ms", "NULL"), ("asleep_expires_at", "NULL"),
        ],
        "leases": [
            ("id", "3"), ("session_id", "1"), ("name", "'db'"), ("pool", "'default'"), ("first_port", "20020"),
            ("count", "2"), ("principal", "'uid:1000'"), ("owner_boot", "1"), ("owner_namespace", "7"),
            ("owner_pid", "42"), ("owner_ticks", "5"), ("owner_inode", "6"), ("labels", "'{}'"), ("pinned", "0"),
            ("ttl_ms", "9"), ("created_at", "1"), ("renewed_at", "1"), ("state", "'active'"), ("deadline_boot", "1"),
            ("deadline_boot_ms", "9"), ("expires_at", "9"), ("ended_at", "NULL"), ("end_reason", "NULL"),
            ("owner_exited_at", "NULL"),
        ],
        "agents": [
            ("lease_id", "1"), ("port", "20001"), ("name", "'two'"), ("state", "'exited'"), ("process_boot", "1"),
            ("process_namespace", "7"), ("process_pid", "43"), ("process_ticks", "5"), ("process_inode", "6"),
            ("exited_at", "9"),
        ],
        "ports": [
            ("port", "20005"), ("pool", "'default'"), ("state", "'quarantined'"), ("lease_id", "NULL"),
            ("last_lease_id", "2"), ("ended_at", "5"), ("rest_boot", "1"), ("rest_boot_ms", "9"),
            ("rest_since", "5"), ("rest_reason", "'why'"),
        ],
        "held_blocks": [
            ("principal", "'uid:1000'"), ("session", "'alice'"), ("name", "'db'"), ("pool", "'default'"),
            ("count", "2"), ("first_port", "20000"), ("first_lease_id", "1"), ("last_lease_id", "2"),
        ],
        // It has come to its pool's gate, and its client has a key.
        "tickets": [
            ("id", "5"), ("principal", "'uid:1000'"), ("session", "'carol'"), ("pool", "'default'"), ("count", "2"),
            ("wish", "'{}'"), ("owner_boot", "1"), ("owner_namespace", "7"), ("owner_pid", "42"), ("owner_ticks", "5"),
            ("owner_inode", "6"), ("is_async", "0"), ("request_id", "'r'"), ("method", "'POST'"),
            ("path", "'/v1/leases'"), ("key", "'wait-5'"), ("request_hash", "zeroblob(32)"), ("created_at", "1"),
            ("deadline_boot", "1"), ("deadline_boot_ms", "9"), ("deadline_at", "9"), ("turn", "4"),
            ("holds_slot", "0"), ("passed", "0"), ("state", "'waiting'"), ("lease_id", "NULL"),
            ("redeemed_at", "NULL"), ("ended_at", "NULL"), ("end_code", "NULL"), ("end_reason", "NULL"),
            ("last_seq", "NULL"),
        ],
        "tokens": [
            ("id", "3"), ("name", "'deploy'"), ("hash", hash("03")), ("max_ports", "6"), ("allow_pids", "0"),
            ("created_at", "1"), ("created_by", "'uid:0'"), ("expires_at", "9"), ("key", "'token-3'"),
            ("request_hash", "zeroblob(32)"), ("revoked_at", "NULL"), ("last_seq", "NULL"),
        ],
        "audit": [
            ("seq", "2"), ("at", "10"), ("event", "'lease.granted'"), ("lease_id", "1"), ("session", "'alice'"),
            ("pool", "'default'"), ("first_port", "20000"), ("count", "2"), ("agent", "'one'"), ("pid", "42"),
            ("principal", "'uid:1000'"), ("reason", "'why'"), ("request_id", "'r'"), ("hash", "zeroblob(32)"),
            ("holder", "'uid:1000'"), ("details", "'{}'"),
        ],
        "audit_cuts": [
            ("seq", "1"), ("at", "10"), ("hash", "zeroblob(32)"), ("state", "'{}'"), ("digest", "zeroblob(32)"),
        ],
        "audit_verified": [("id", "1"), ("seq", "1"), ("hash", "zeroblob(32)")],
        "backup_stamp": [("id", "1"), ("at", "10"), ("seq", "1")],
        "idempotency_keys": [
            ("principal", "'uid:1000'"), ("method", "'POST'"), ("path", "'/v1/leases'"), ("key", "'key-2'"),
            ("request_hash", "zeroblob(32)"), ("status", "201"), ("lease_id", "1"), ("ticket_id", "NULL"),
            ("created_at", "1"),
        ],
    ]

    /// What a session's specimen has while it sleeps without a lease.
    static let asleep = [
        "phase": "'asleep'", "has_released": "1", "lease_count": "0", "port_count": "0", "asleep_ttl_ms": "9",
        "asleep_boot": "1", "asleep_boot_ms": "9", "asleep_expires_at": "9",
    ]

    /// The statement that inserts a table's specimen with some columns changed.
    static func insert(_ table: String, _ changes: [String: String] = [:]) -> String {
        let row = rows[table] ?? []
        let columns = row.map(\.column).joined(separator: ", ")
        let values = row.map { changes[$0.column] ?? $0.value }.joined(separator: ", ")
        return "INSERT INTO \(table) (\(columns)) VALUES (\(values))"
    }
}
