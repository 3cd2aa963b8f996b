import BerthCore
import BerthStore
import BerthTestSupport
import FoundationEssentials
import Testing

/// Rows that no trigger guards any more: a start names the rule they break, and leaves the file as it is.
@Suite struct `A database that breaks a rule` {
    /// Alice's leases 1 (20000-20001) and 2 (20010-20012), bob's 3 (20020-20021), all active.
    private func stopped() async throws -> TestStore {
        let test = try await TestStore.open()
        try await test.lease(Wish(name: "web"))
        try await test.lease(Wish(first: 20_010, count: 3))
        try await test.lease(Wish(session: "bob", first: 20_020, context: .bob))
        try test.stop()
        return test
    }

    @Test(arguments: [
        Damage("a leased port's lease is active and covers it", "port 20050", leased(20_050, by: 1)),
        Damage("a leased port's lease is active and covers it", "lease 99", leased(20_050, by: 99)),
        Damage("a leased port's lease is active and covers it", "port 20000", ended(1)),
        Damage("an active lease holds exactly its ports", "lease 1", free("20001")),
        Damage("an active lease holds exactly its ports", "lease 2", "DELETE FROM ports WHERE port = 20012"),
        Damage(
            "an active lease holds exactly its ports", "lease 4",
            """
            INSERT INTO leases
                (session_id, name, pool, first_port, count, principal, pinned, created_at, renewed_at, state)
                VALUES (1, 'double', 'default', 20001, 1, 'uid:1000', 1, 1, 1, 'active');
            """),
        Damage(
            "a lease whose owner has ended has a running agent", "lease 2",
            """
            UPDATE leases SET owner_boot = 1, owner_namespace = 1, owner_pid = 7, owner_ticks = 7, owner_exited_at = 7
            WHERE id = 2
            """),
        Damage(
            "an active lease's session is active", "lease 3",
            "UPDATE sessions SET state = 'ended', ended_at = 1, lease_count = 0, port_count = 0 WHERE name = 'bob'"),
        Damage("an active lease's session is active", "lease 3", "DELETE FROM sessions WHERE name = 'bob'"),
        Damage(
            "a session counts its active leases and their ports", "session alice",
            "UPDATE sessions SET lease_count = 3 WHERE name = 'alice'"),
        Damage(
            "a session counts its active leases and their ports", "session bob",
            "UPDATE sessions SET port_count = 3 WHERE name = 'bob'"),
        Damage(
            "a session counts its active leases and their ports", "session empty",
            """
            INSERT INTO sessions (name, principal, state, created_at, lease_count, port_count)
                VALUES ('empty', 'daemon', 'active', 1, 1, 1)
            """
        ),
        Damage(
            "an active session has a lease, or sleeps without its template's", "session idle",
            "INSERT INTO sessions (name, principal, state, created_at) VALUES ('idle', 'daemon', 'active', 1)"),
        Damage(
            "an active session has a lease, or sleeps without its template's", "session alice",
            """
            UPDATE sessions SET template = 'web', variables = '{}', phase = 'asleep', has_released = 1
            WHERE name = 'alice';
            UPDATE leases SET name = 'template:web' WHERE id = 1
            """),
        Damage("the active sessions are counted", "3", "UPDATE host SET active_sessions = 3"),
        Damage("the active sessions are counted", "the count is", "DELETE FROM host"),
        Damage(
            "the waiting tickets and the slots that they hold are counted", "the counts are 1 and 0",
            "UPDATE host SET waiting = 1"),
        Damage(
            "the waiting tickets and the slots that they hold are counted", "the counts are 1 and 0",
            waiting(of: "carol", turn: "1", holdsSlot: 1)),
        Damage(
            "a session that waits for ports holds one slot", "session carol holds 0", waiting(of: "carol", turn: "1")),
        Damage(
            "a session that waits for ports holds one slot", "session alice holds 1",
            waiting(of: "alice", turn: "1", holdsSlot: 1) + "UPDATE host SET held_slots = 1"),
        Damage(
            "a session that waits for ports holds one slot", "session carol holds 2",
            waiting(of: "carol", turn: "1", holdsSlot: 1) + waiting(of: "carol", turn: "2", holdsSlot: 1)
                + "UPDATE host SET waiting = 2, held_slots = 2"),
        Damage(
            "no turn is behind the last one that was given", "ticket 1 has turn 10",
            waiting(of: "alice", turn: "10")),
        Damage(
            "The database is damaged", "ports",
            "PRAGMA ignore_check_constraints = ON; UPDATE ports SET state = 'lost' WHERE port = 20050"),
        Damage(
            "The database is damaged", "pools",
            "PRAGMA ignore_check_constraints = ON; UPDATE pools SET max_block = 0"),
        Damage("Audit record 3", "does not follow", "UPDATE audit SET reason = 'nothing' WHERE seq = 3"),
        Damage("Audit record 4", "does not follow", "UPDATE audit SET principal = 'uid:0' WHERE seq = 4"),
        Damage("Audit record 4", "does not follow", "DELETE FROM audit WHERE seq = 3"),
        Damage("Audit record 2", "does not follow", "DELETE FROM audit WHERE seq = 1"),
        Damage("The audit is empty", "Restore a backup", "DELETE FROM audit"),
        Damage("Audit record 5", "does not follow", "UPDATE audit SET hash = zeroblob(32) WHERE seq = 5"),
        Damage("Audit record 4", "does not follow", "UPDATE audit SET at = at + 1 WHERE seq = 4"),
        Damage("Audit record 4", "does not follow", "UPDATE audit SET event = 'lease.teleported' WHERE seq = 4"),
    ])
    func `is not served, and is told which and where`(damage: Damage) async throws {
        let test = try await stopped()
        let triggers = try SQLiteShell.run("SELECT name FROM sqlite_schema WHERE type = 'trigger'", on: test.path)
            .output
        let drops = triggers.split(separator: "\n").map { "DROP TRIGGER \($0);" }.joined()
        let answer = try SQLiteShell.run("BEGIN; \(drops) \(damage.sql); COMMIT;", on: test.path)
        #expect(answer.status == 0, "\(answer.errors)")
        let before = try SQLiteShell.run(".dump", on: test.path).output
        let thrown = await #expect(throws: BerthError.self) { _ = try await test.started() }
        #expect(thrown?.code == .configuration)
        let message = thrown?.message ?? ""
        #expect(message.contains(damage.rule) && message.contains(damage.witness), "\(message)")
        #expect(message.contains("the file was left as it is"))
        #expect(try SQLiteShell.run(".dump", on: test.path).output == before)
    }

    @Test func `is served when nothing is broken, triggers or not`() async throws {
        let test = try await stopped()
        _ = try SQLiteShell.run("DROP TRIGGER audit_is_never_changed", on: test.path)
        #expect(try await test.started().ports(.leased) == ["20000-20001", "20010-20012", "20020-20021"])
    }

    /// The check reads the tail only, so that a start's cost does not grow with history.
    @Test func `is found in the last 256 audit records`() async throws {
        var test = try await stopped()
        test = try await test.started()
        for _ in 0..<300 { _ = try await test.store.renew(1, ttlMilliseconds: nil, .alice) }
        let seq = try test.lastSeq()
        try test.stop()
        let drop = "DROP TRIGGER audit_is_never_changed;"
        _ = try SQLiteShell.run("\(drop) UPDATE audit SET reason = 'x' WHERE seq = \(seq - 255)", on: test.path)
        let thrown = await #expect(throws: BerthError.self) { _ = try await test.started() }
        #expect(thrown?.message.contains("Audit record \(seq - 255)") == true)
    }
}

/// Statements that break a rule once the triggers are gone, and what the refusal says.
struct Damage: Sendable, CustomTestStringConvertible {
    let rule: String
    let witness: String
    let sql: String

    init(_ rule: String, _ witness: String, _ sql: String) {
        self.rule = rule
        self.witness = witness
        self.sql = sql
    }

    var testDescription: String { "\(rule): \(sql)" }
}

private func leased(_ port: Int, by lease: Int) -> String {
    "UPDATE ports SET state = 'leased', lease_id = \(lease) WHERE port = \(port)"
}

private func free(_ ports: String) -> String {
    "UPDATE ports SET state = 'free', lease_id = NULL WHERE port IN (\(ports))"
}

/// A ticket of the principal who has alice's session, and what the counters are with one that holds no slot.
private func waiting(of session: String, turn: String, holdsSlot: Int = 0) -> String {
    """
    INSERT INTO tickets (principal, session, pool, count, wish, is_async, created_at, deadline_boot, deadline_boot_ms,
            deadline_at, turn, holds_slot, state)
        VALUES ('uid:1000', '\(session)', 'default', 2, '{}', 1, 1, 1, 1, 1, \(turn), \(holdsSlot), 'waiting');
    UPDATE host SET waiting = 1, last_turn = 9;
    """
}

private func ended(_ lease: Int) -> String {
    """
    UPDATE leases SET state = 'released', ended_at = 1, end_reason = 'x', deadline_boot = NULL, deadline_boot_ms = NULL
        WHERE id = \(lease)
    """
}
