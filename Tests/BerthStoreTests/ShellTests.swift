import BerthCore
import BerthStore
import BerthTestSupport
import Testing

/// What somebody with the `sqlite3` shell cannot do either: the rules hold with foreign keys and
/// recursive triggers off.
@Suite struct `The sqlite3 shell` {
    /// Two active leases, alice's 20000-20001 (id 1) and bob's 20010-20011 (id 2), and an ended one of alice's, 3.
    private func stopped() async throws -> TestStore {
        let test = try await TestStore.open()
        try await test.lease(Wish(name: "web"))
        try await test.lease(Wish(session: "bob", name: "web", first: 20_010, context: .bob))
        let ended = try await test.lease(Wish(name: "db", first: 20_020))
        _ = try await test.store.release(ended.id, reason: "done", .alice)
        try test.stop()
        return test
    }

    @Test(arguments: [
        // A double lease, and the ways to one.
        insertLease(at: 20_000), insertLease(at: 20_001), insertLease(at: 19_999),
        insertLease(at: 20_050, id: 1), insertLease(at: 20_050, id: 1, or: "REPLACE"),
        insertLease(at: 20_000, or: "REPLACE"), insertLease(at: 20_000, or: "IGNORE"),
        insertLease(at: 20_050, name: "web", or: "REPLACE"),
        "UPDATE OR REPLACE leases SET first_port = 20010 WHERE id = 1",
        "UPDATE OR REPLACE leases SET id = 2 WHERE id = 1",
        "UPDATE leases SET count = 20 WHERE id = 1",
        "DELETE FROM leases", "DELETE FROM leases WHERE id = 3",
        // An ended lease comes back.
        """
        UPDATE leases SET state = 'active', ended_at = NULL, end_reason = NULL, deadline_boot = 1,
            deadline_boot_ms = 9 WHERE id = 3
        """,
        "UPDATE leases SET ended_at = 1 WHERE id = 3",
        // A port is stolen, or given back while its lease is active.
        "UPDATE ports SET lease_id = 2 WHERE port = 20000",
        "UPDATE OR REPLACE ports SET lease_id = 2 WHERE port = 20001",
        "UPDATE ports SET lease_id = NULL, state = 'free' WHERE port = 20000",
        "UPDATE ports SET lease_id = 1, state = 'leased' WHERE port = 20002",
        "UPDATE ports SET lease_id = 3, state = 'leased' WHERE port = 20020",
        "INSERT OR REPLACE INTO ports (port, pool, state) VALUES (20000, 'default', 'free')",
        "INSERT OR REPLACE INTO ports (port, pool, state, lease_id) VALUES (20000, 'default', 'leased', 2)",
        "UPDATE OR REPLACE ports SET port = 20000 WHERE port = 20002",
        "UPDATE OR REPLACE ports SET rowid = 20000 WHERE port = 20002",
        "UPDATE ports SET _rowid_ = 1 WHERE port = 20000",
        "DELETE FROM ports WHERE port = 20000", "DELETE FROM ports",
        // A session is taken over or away.
        "DELETE FROM sessions", "UPDATE sessions SET principal = 'uid:0' WHERE name = 'alice'",
        """
        INSERT OR REPLACE INTO sessions (id, name, principal, state, created_at)
            VALUES (1, 'mallory', 'uid:0', 'active', 1)
        """,
        """
        INSERT OR REPLACE INTO sessions (name, principal, state, created_at) VALUES ('alice', 'uid:0', 'active', 1)
        """,
        // The ledger is changed, cut, replaced, or gets a record out of its order.
        "UPDATE audit SET reason = 'other' WHERE seq = 2", "UPDATE OR REPLACE audit SET seq = 1 WHERE seq = 2",
        "DELETE FROM audit", "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
        insertAudit("2"), insertAudit("2", or: "REPLACE"), insertAudit("2", or: "IGNORE"), insertAudit("NULL"),
        insertAudit("(SELECT max(seq) + 2 FROM audit)"), insertAudit("(SELECT max(seq) FROM audit)", or: "REPLACE"),
        insertAudit("(SELECT max(seq) + 1 FROM audit)", at: "1"),
    ])
    func `cannot break a rule`(sql: String) async throws {
        let test = try await stopped()
        try expectRefusal(of: sql, on: test)
        let again = try await test.started()
        #expect(try await again.ports(.leased) == ["20000-20001", "20010-20011"])
    }

    private func expectRefusal(of sql: String, on test: TestStore) throws {
        let before = try SQLiteShell.run(".dump", on: test.path)
        let answer = try SQLiteShell.run("PRAGMA foreign_keys; PRAGMA recursive_triggers; " + sql, on: test.path)
        #expect(answer.output == "0\n0\n", "foreign keys and recursive triggers are off in a shell")
        let isIgnored = sql.contains("OR IGNORE") && answer.errors.isEmpty
        #expect(answer.status != 0 || isIgnored, "it was taken: \(sql)")
        let after = try SQLiteShell.run(".dump", on: test.path)
        #expect(before.status == 0 && before.output.contains("INSERT INTO audit"))
        #expect(after.output == before.output, "something changed: \(sql)")
    }

    /// As ``stopped()``, and a line: carol's ticket 1 and alice's ticket 2 are at their pool's gate, dave's ticket 3
    /// waits for a session's slot.
    private func stoppedWithLine() async throws -> TestStore {
        let limits = Limits(maxSessions: 3)
        let test = try await stopped().started(limits: limits)
        for session in ["carol", "alice", "dave"] as [SessionName] {
            let wish = Wish(
                session: session, name: "next", first: nil, wait: WaitPreference(seconds: nil, isAsync: true))
            guard case .waiting = try await test.grant(wish) else { throw NotGranted(outcome: "no ticket") }
        }
        try test.stop()
        let line = try SQLiteShell.run("SELECT session, turn, holds_slot FROM tickets ORDER BY id", on: test.path)
        #expect(line.output == "carol|1|1\nalice|2|0\ndave||0\n")
        return test
    }

    @Test(arguments: [
        // Somebody comes into another's place, or before it.
        insertTicket(id: 1), insertTicket(id: 1, or: "REPLACE"), insertTicket(id: 3, or: "REPLACE"),
        insertTicket(id: -7), insertTicket(id: -1), insertTicket(turn: 1), insertTicket(turn: 1, or: "REPLACE"),
        insertTicket(turn: 2, or: "REPLACE"),
        insertTicket(turn: 2, or: "IGNORE"), "UPDATE OR REPLACE tickets SET turn = 1 WHERE id = 2",
        "UPDATE OR REPLACE tickets SET turn = 1 WHERE id = 3", "UPDATE OR REPLACE tickets SET id = 1 WHERE id = 3",
        "UPDATE tickets SET turn = NULL WHERE id = 1", "UPDATE tickets SET turn = 9 WHERE id = 1",
        "UPDATE tickets SET principal = 'uid:1001' WHERE id = 1", "UPDATE tickets SET count = 1 WHERE id = 1",
        "DELETE FROM tickets", "DELETE FROM tickets WHERE id = 1",
        // A ticket is granted out of turn, before it passed the first gate, or without a lease that lives.
        grantTicket(2, lease: 1), grantTicket(3, lease: 1), grantTicket(1, lease: 3), grantTicket(1, lease: 99),
        // The count falls below nothing; one that has not passed the first gate has a slot.
        "UPDATE host SET waiting = -1", "UPDATE tickets SET holds_slot = 1 WHERE id = 3",
    ])
    func `cannot jump the line`(sql: String) async throws {
        let test = try await stoppedWithLine()
        try expectRefusal(of: sql, on: test)
        let again = try await test.started(limits: Limits(maxSessions: 3))
        #expect(
            try again.rows("SELECT session, turn, holds_slot, state FROM tickets ORDER BY id")
                == ["carol|1|1|waiting", "alice|2|0|waiting", "dave||0|waiting"])
    }

    @Test func `can do what the rules allow, so the refusals above are the rules'`() async throws {
        let test = try await stoppedWithLine()
        let allowed = [
            "UPDATE leases SET labels = '{\"a\":\"b\"}' WHERE id = 1",
            "UPDATE ports SET state = 'foreign' WHERE port = 20002",
            insertAudit("(SELECT max(seq) + 1 FROM audit)"), insertTicket(turn: 3), insertTicket(),
            grantTicket(1, lease: 1), grantTicket(2, lease: 1), "UPDATE tickets SET turn = 4 WHERE id = 3",
        ]
        for sql in allowed {
            let answer = try SQLiteShell.run(sql, on: test.path)
            #expect(answer.status == 0, "\(sql): \(answer.errors)")
        }
    }
}

/// A statement that inserts an active lease of alice's session on two ports.
private func insertLease(
    at first: Int, id: Int? = nil, name: String = "new", or resolution: String = "ABORT"
) -> String {
    """
    INSERT OR \(resolution) INTO leases (id, session_id, name, pool, first_port, count, principal, pinned,
        created_at, renewed_at, state)
    VALUES (\(id.map { String($0) } ?? "NULL"), 1, '\(name)', 'default', \(first), 2, 'uid:1000', 1, 1, 1, 'active')
    """
}

private func insertAudit(_ seq: String, at: String = "9000000000000", or resolution: String = "ABORT") -> String {
    """
    INSERT OR \(resolution) INTO audit (seq, at, event, principal, hash)
    VALUES (\(seq), \(at), 'daemon.stopped', 'daemon', zeroblob(32))
    """
}

/// A statement that inserts a ticket of bob's, at the gate of the sessions when it has no turn.
private func insertTicket(id: Int? = nil, turn: Int? = nil, or resolution: String = "ABORT") -> String {
    """
    INSERT OR \(resolution) INTO tickets (id, principal, session, pool, count, wish, is_async, created_at,
        deadline_boot, deadline_boot_ms, deadline_at, turn, state)
    VALUES (\(id.map { String($0) } ?? "NULL"), 'uid:1001', 'bob', 'default', 1, '{}', 1, 1, 1, 1, 1,
        \(turn.map { String($0) } ?? "NULL"), 'waiting')
    """
}

private func grantTicket(_ ticket: Int, lease: Int) -> String {
    """
    UPDATE tickets SET state = 'granted', holds_slot = 0, lease_id = \(lease), ended_at = 1, end_reason = 'x',
        last_seq = 1 WHERE id = \(ticket)
    """
}
