import BerthTestSupport
import GRDB
import Testing

/// Every trigger of the schema: what it refuses, in its own words, and what it counts.
@Suite struct `The triggers of the schema` {
    @Test(arguments: TriggerBreach.all)
    func `refuse what they guard against`(breach: TriggerBreach) throws {
        let words: [String] = try SchemaBench().fetch(
            """
            SELECT replace(substr(sql, instr(sql, 'RAISE(ABORT, ''') + 14), '''''', '''')
            FROM sqlite_schema WHERE name = '\(breach.trigger)'
            """)
        let message = try #require(words.first?.prefix { $0 != ")" }.dropLast())
        for sql in breach.statements {
            let bench = try SchemaBench()
            #expect(bench.refusal(of: sql) == String(message), "\(sql)")
            // It was this trigger and no other rule that refused it so.
            #expect(bench.refusal(of: "DROP TRIGGER \(breach.trigger)") == nil)
            #expect(bench.refusal(of: sql) != String(message), "\(sql)")
        }
    }

    @Test func `are all covered by a case above or below`() throws {
        let names: [String] = try SchemaBench().fetch("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        let counters: Set = ["sessions_started", "sessions_ended", "tickets_are_counted", "tickets_leave"]
        #expect(Set(names) == Set(TriggerBreach.all.map(\.trigger)).union(counters))
    }

    @Test func `count the active sessions`() throws {
        let bench = try SchemaBench()
        #expect(bench.refusal(of: "INSERT INTO host (id, active_sessions) VALUES (1, 1)") == nil)
        let steps = [
            ("INSERT INTO sessions (name, principal, state, created_at) VALUES ('carol', 'daemon', 'active', 1)", 2),
            (
                """
                INSERT INTO sessions (name, principal, state, created_at, ended_at)
                    VALUES ('d', 'daemon', 'ended', 1, 2)
                """,
                2
            ),
            ("UPDATE sessions SET lease_count = 1, port_count = 4 WHERE name = 'carol'", 2),
            ("UPDATE sessions SET state = 'active' WHERE name = 'carol'", 2),
            (
                """
                UPDATE sessions SET state = 'ended', ended_at = 9, lease_count = 0, port_count = 0
                WHERE name = 'carol'
                """,
                1
            ),
        ]
        for (sql, count) in steps {
            #expect(bench.refusal(of: sql) == nil)
            #expect(try bench.fetch("SELECT active_sessions FROM host", as: Int.self) == [count], "\(sql)")
        }
    }

    @Test func `let a whole life of a lease pass`() throws {
        let bench = try SchemaBench()
        let life = [
            "UPDATE leases SET deadline_boot_ms = 20, expires_at = 20, ttl_ms = 11, renewed_at = 4 WHERE id = 1",
            "UPDATE agents SET name = 'other' WHERE lease_id = 1",
            """
            UPDATE leases SET state = 'expired', ended_at = 9, end_reason = 'late', deadline_boot = NULL,
                deadline_boot_ms = NULL WHERE id = 1
            """,
            """
            UPDATE ports SET state = 'quarantined', lease_id = NULL, last_lease_id = 1, rest_boot = 1, rest_boot_ms = 9
            WHERE lease_id = 1
            """,
            "UPDATE sessions SET state = 'ended', ended_at = 9, lease_count = 0, port_count = 0 WHERE id = 1",
            "UPDATE ports SET state = 'free', rest_boot = NULL, rest_boot_ms = NULL",
            "DELETE FROM ports",
        ]
        for sql in life { #expect(bench.refusal(of: sql) == nil, "\(sql)") }
    }

    /// From its making until nothing speaks of it any more; its name goes on to others.
    @Test func `let a whole life of a token pass`() throws {
        let bench = try SchemaBench()
        let life = [
            SchemaSpecimens.insert("tokens"), SchemaSpecimens.insert("audit"),
            "UPDATE tokens SET revoked_at = 7, last_seq = 2 WHERE id = 3",
            SchemaSpecimens.insert("tokens", ["id": "NULL", "hash": SchemaSpecimens.hash("04")]),
            SchemaSpecimens.insert("audit_cuts", ["seq": "2"]), "DELETE FROM tokens WHERE id = 3",
        ]
        for sql in life { #expect(bench.refusal(of: sql) == nil, "\(sql)") }
        #expect(try bench.fetch("SELECT id FROM tokens WHERE name = 'deploy'", as: Int.self) == [4])
    }

    /// Around the active lease 20000-20001, from touching to swallowing it.
    @Test(arguments: [
        (19_998, 2, true), (19_999, 1, true), (20_002, 1, true), (20_002, 50, true), (1, 19_999, true),
        (19_999, 2, false), (20_000, 1, false), (20_001, 1, false), (20_001, 9, false), (19_990, 100, false),
        (1, 65_535, false), (20_000, 3, false),
    ])
    func `tell blocks that touch from blocks that overlap`(first: Int, count: Int, isTaken: Bool) throws {
        let sql = SchemaSpecimens.insert("leases", ["first_port": "\(first)", "count": "\(count)"])
        #expect((try SchemaBench().refusal(of: sql) == nil) == isTaken)
    }
}

/// One trigger, and statements that it must refuse.
struct TriggerBreach: Sendable, CustomTestStringConvertible {
    let trigger: String
    let statements: [String]

    init(_ trigger: String, _ statements: String...) {
        self.trigger = trigger
        self.statements = statements
    }

    var testDescription: String { trigger }

    static let all = leasing + tickets + tokens

    private static let leasing = [
        TriggerBreach(
            "sessions_are_new",
            SchemaSpecimens.insert("sessions", ["id": "1"]),
            SchemaSpecimens.insert("sessions", ["id": "2"])),
        TriggerBreach(
            "sessions_never_share_a_name",
            """
            INSERT INTO sessions (name, principal, state, created_at)
            SELECT name, principal, 'active', 9 FROM sessions WHERE id = 1
            """),
        TriggerBreach(
            "leases_never_share_a_name",
            SchemaSpecimens.insert("leases", ["name": "'web'"])),
        TriggerBreach(
            "sessions_stay_ended",
            "UPDATE sessions SET state = 'active', ended_at = NULL WHERE id = 2",
            "UPDATE sessions SET ended_at = 9 WHERE id = 2",
            "UPDATE sessions SET id = 9 WHERE id = 1",
            "UPDATE sessions SET name = 'carol' WHERE id = 1",
            "UPDATE sessions SET principal = 'uid:0' WHERE id = 1"),
        TriggerBreach(
            "sessions_keep_their_template",
            "UPDATE sessions SET template = 'draft', variables = '{}', phase = 'running' WHERE id = 1",
            """
            \(SchemaSpecimens.insert("sessions"));
            UPDATE sessions SET template = 'other' WHERE id = 3
            """,
            """
            \(SchemaSpecimens.insert("sessions"));
            UPDATE sessions SET variables = '{"league":"b"}' WHERE id = 3
            """),
        TriggerBreach("sessions_are_kept", "DELETE FROM sessions WHERE id = 1", "DELETE FROM sessions WHERE id = 2"),
        TriggerBreach(
            "leases_never_overlap",
            SchemaSpecimens.insert("leases", ["first_port": "20000"]),
            SchemaSpecimens.insert("leases", ["first_port": "20001"]),
            SchemaSpecimens.insert("leases", ["first_port": "19999"]),
            SchemaSpecimens.insert("leases", ["first_port": "19990", "count": "40"])),
        TriggerBreach(
            "leases_are_new",
            SchemaSpecimens.insert("leases", ["id": "1"]),
            SchemaSpecimens.insert("leases", ["id": "2"])),
        TriggerBreach(
            "leases_stay_put",
            """
            UPDATE leases SET state = 'active', ended_at = NULL, end_reason = NULL, deadline_boot = 1,
                deadline_boot_ms = 9 WHERE id = 2
            """,
            "UPDATE leases SET end_reason = 'other' WHERE id = 2",
            "UPDATE leases SET id = 9 WHERE id = 1",
            "UPDATE leases SET session_id = 2 WHERE id = 1",
            "UPDATE leases SET pool = 'other' WHERE id = 1",
            "UPDATE leases SET first_port = 20001 WHERE id = 1",
            "UPDATE leases SET count = 3 WHERE id = 1",
            "UPDATE leases SET principal = 'uid:0' WHERE id = 1",
            "UPDATE leases SET name = 'db' WHERE id = 1",
            "UPDATE leases SET name = NULL WHERE id = 1",
            "UPDATE leases SET created_at = 2 WHERE id = 1", "UPDATE leases SET rowid = 9 WHERE id = 1"),
        TriggerBreach(
            "leases_keep_their_owner",
            "UPDATE leases SET owner_boot = 1, owner_namespace = 7, owner_pid = 42, owner_ticks = 5 WHERE id = 1",
            """
            \(SchemaSpecimens.insert("leases"));
            UPDATE leases SET owner_pid = 43 WHERE id = 3
            """,
            """
            \(SchemaSpecimens.insert("leases"));
            UPDATE leases SET owner_ticks = 6 WHERE id = 3
            """,
            """
            \(SchemaSpecimens.insert("leases"));
            UPDATE leases SET owner_inode = NULL WHERE id = 3
            """,
            """
            \(SchemaSpecimens.insert("leases", ["owner_exited_at": "5"]));
            UPDATE leases SET owner_exited_at = NULL WHERE id = 3
            """),
        TriggerBreach(
            "leases_need_a_session",
            SchemaSpecimens.insert("leases", ["session_id": "2"]),
            SchemaSpecimens.insert("leases", ["session_id": "99"])),
        TriggerBreach(
            "boots_are_new", SchemaSpecimens.insert("boots", ["id": "1"]),
            SchemaSpecimens.insert("boots", ["boot_id": "'boot-1'"])),
        TriggerBreach("boots_never_change", "UPDATE boots SET boot_id = 'boot-9'", "UPDATE boots SET id = 9"),
        TriggerBreach("boots_are_kept", "DELETE FROM boots"),
        TriggerBreach(
            "leases_are_kept", "DELETE FROM leases WHERE id = 1",
            """
            \(SchemaSpecimens.insert("audit", ["lease_id": "2"]));
            DELETE FROM leases WHERE id = 2
            """),
        TriggerBreach(
            "ports_are_claimed",
            // From a lease that holds it, to one that does not cover it, to an ended one that does, to none at all.
            "UPDATE ports SET lease_id = 2 WHERE port = 20000",
            "UPDATE ports SET lease_id = 1, state = 'leased' WHERE port = 20002",
            """
            \(SchemaSpecimens.insert("ports", ["port": "20010"]));
            UPDATE ports SET lease_id = 2, state = 'leased', rest_boot = NULL, rest_boot_ms = NULL, rest_since = NULL,
                rest_reason = NULL WHERE port = 20010
            """,
            "UPDATE ports SET lease_id = 99, state = 'leased' WHERE port = 20002"),
        TriggerBreach(
            "ports_are_given_back",
            "UPDATE ports SET lease_id = NULL, state = 'free' WHERE port = 20000",
            "UPDATE ports SET lease_id = NULL, state = 'foreign' WHERE port = 20001"),
        TriggerBreach(
            "ports_keep_their_number",
            "UPDATE ports SET port = 20050 WHERE port = 20002",
            // By each name that SQLite has for it.
            "UPDATE ports SET rowid = 20050 WHERE port = 20002", "UPDATE ports SET oid = 20050 WHERE port = 20002",
            "UPDATE ports SET _rowid_ = 20050 WHERE port = 20002",
            "UPDATE ports SET (state, \"ROWID\") = ('foreign', 20050) WHERE port = 20002"),
        TriggerBreach(
            "ports_start_unleased",
            "INSERT INTO ports (port, pool, state, lease_id) VALUES (20050, 'default', 'leased', 1)",
            "INSERT OR REPLACE INTO ports (port, pool, state) VALUES (20000, 'default', 'free')"),
        TriggerBreach("ports_leave_unleased", "DELETE FROM ports WHERE port = 20000"),
        TriggerBreach(
            "agents_lie_in_their_lease",
            SchemaSpecimens.insert("agents", ["port": "20002"]),
            SchemaSpecimens.insert("agents", ["port": "19999"]),
            SchemaSpecimens.insert("agents", ["lease_id": "99"])),
        TriggerBreach(
            "agents_keep_their_port",
            "UPDATE agents SET port = 20001", "UPDATE agents SET lease_id = 2"),
        TriggerBreach(
            "audit_grows",
            SchemaSpecimens.insert("audit", ["seq": "3"]),
            SchemaSpecimens.insert("audit", ["seq": "1"]),
            SchemaSpecimens.insert("audit", ["seq": "NULL"]),
            SchemaSpecimens.insert("audit", ["at": "9"])),
        TriggerBreach("audit_is_never_changed", "UPDATE audit SET reason = 'other'", "UPDATE audit SET seq = 2"),
        TriggerBreach(
            "audit_is_never_deleted", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 1",
            """
            \(SchemaSpecimens.insert("audit"));
            \(SchemaSpecimens.insert("audit_cuts"));
            DELETE FROM audit WHERE seq = 2
            """),
        TriggerBreach(
            "audit_cuts_go_forward",
            SchemaSpecimens.insert("audit_cuts", ["seq": "2"]), SchemaSpecimens.insert("audit_cuts", ["at": "11"]),
            SchemaSpecimens.insert("audit_cuts", ["hash": "randomblob(32)"]),
            """
            \(SchemaSpecimens.insert("audit"));
            \(SchemaSpecimens.insert("audit_cuts", ["seq": "2"]));
            \(SchemaSpecimens.insert("audit_cuts"))
            """),
        TriggerBreach(
            "audit_cuts_never_change",
            "\(SchemaSpecimens.insert("audit_cuts")); UPDATE audit_cuts SET state = '[]'"),
        TriggerBreach(
            "audit_cuts_are_kept", "\(SchemaSpecimens.insert("audit_cuts")); DELETE FROM audit_cuts"),
    ]
}
