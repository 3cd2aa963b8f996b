import BerthTestSupport
import GRDB
import Testing

/// What the triggers of the line count and let pass. Of the base state's tickets, 1 was granted, 2 and 3 are at their
/// pool's gate in this order, and 4 is at the gate of the sessions.
@Suite struct `The line in the schema` {
    /// A bench with the counters that belong to the base state.
    private func counting() throws -> SchemaBench {
        let bench = try SchemaBench()
        #expect(bench.refusal(of: SchemaSpecimens.insert("host")) == nil)
        return bench
    }

    private func leave(_ ticket: Int) -> String {
        """
        UPDATE tickets SET state = 'cancelled', holds_slot = 0, ended_at = 5, end_reason = 'left', last_seq = 1
        WHERE id = \(ticket)
        """
    }

    @Test func `counts the tickets that wait and the slots that they hold`() throws {
        let bench = try counting()
        let steps: [(sql: String, counts: String)] = [
            (SchemaSpecimens.insert("tickets"), "4 0"),
            (SchemaSpecimens.insert("tickets", ["id": "6", "key": "'wait-6'", "turn": "5", "holds_slot": "1"]), "5 1"),
            (SchemaSpecimens.insert("tickets", ["id": "7", "key": "'wait-7'", "turn": "NULL"]), "6 1"),
            // It passes the first gate and gets a slot; the slot goes over to another, and to the session itself.
            ("UPDATE tickets SET turn = 6, holds_slot = 1 WHERE id = 4", "6 2"),
            ("UPDATE tickets SET holds_slot = 0 WHERE id = 6", "6 1"),
            ("UPDATE tickets SET holds_slot = 1 - holds_slot WHERE id IN (4, 5)", "6 1"),
            // What neither begins nor ends.
            ("UPDATE tickets SET passed = 1, deadline_boot_ms = 20, deadline_at = 20 WHERE state = 'waiting'", "6 1"),
            (TriggerBreach.grant(2), "5 1"), (TriggerBreach.grant(3), "4 1"),
            ("UPDATE tickets SET redeemed_at = 6, last_seq = 1 WHERE id = 2", "4 1"),
            (leave(7), "3 1"), (TriggerBreach.grant(5), "2 0"),
            ("UPDATE tickets SET holds_slot = 1 WHERE id = 6", "2 1"),
            (
                """
                UPDATE tickets SET state = 'lapsed', holds_slot = 0, ended_at = 5, end_code = 'pool-exhausted',
                    end_reason = 'late', last_seq = 1 WHERE state = 'waiting'
                """, "0 0"
            ),
        ]
        for (sql, counts) in steps {
            #expect(bench.refusal(of: sql) == nil, "\(sql)")
            let found: [String] = try bench.fetch("SELECT waiting || ' ' || held_slots FROM host")
            #expect(found == [counts], "\(sql)")
            // The counters are what counting gives.
            #expect(
                try bench.fetch(
                    "SELECT count(*) || ' ' || COALESCE(sum(holds_slot), 0) FROM tickets WHERE state = 'waiting'")
                    == found, "\(sql)")
        }
    }

    @Test func `counts nothing that was refused`() throws {
        let bench = try counting()
        let refused = [
            SchemaSpecimens.insert("tickets", ["turn": "3", "holds_slot": "1"]), TriggerBreach.grant(3),
            "UPDATE tickets SET holds_slot = 1 WHERE id = 4", "DELETE FROM tickets WHERE id = 2",
            "UPDATE tickets SET holds_slot = 1, passed = 17 WHERE id = 2",
        ]
        for sql in refused {
            #expect(bench.refusal(of: sql) != nil, "\(sql)")
            #expect(try bench.fetch("SELECT waiting || ' ' || held_slots FROM host") == ["3 0"], "\(sql)")
        }
    }

    @Test func `lets tickets through the first gate in turn, but for an active session's`() throws {
        let bench = try SchemaBench()
        for id in [5, 6] {
            let changes = ["id": "\(id)", "key": "'wait-\(id)'", "turn": "NULL"]
            #expect(bench.refusal(of: SchemaSpecimens.insert("tickets", changes)) == nil)
        }
        let refusal = "tickets pass the gate of the sessions in turn"
        #expect(bench.refusal(of: "UPDATE tickets SET turn = 4, holds_slot = 1 WHERE id = 6") == refusal)
        #expect(bench.refusal(of: "UPDATE tickets SET turn = 4 WHERE id = 4") == nil)
        #expect(bench.refusal(of: "UPDATE tickets SET turn = 5, holds_slot = 1 WHERE id = 6") == refusal)
        #expect(bench.refusal(of: SchemaSpecimens.insert("sessions", ["principal": "'uid:1000'"])) == nil)
        #expect(bench.refusal(of: "UPDATE tickets SET turn = 5 WHERE id = 6") == nil)
    }

    @Test func `grants the head, then the one behind it`() throws {
        let bench = try SchemaBench()
        let refusal = "tickets are granted in turn"
        #expect(bench.refusal(of: TriggerBreach.grant(3)) == refusal)
        #expect(bench.refusal(of: TriggerBreach.grant(2)) == nil)
        #expect(bench.refusal(of: TriggerBreach.grant(3)) == nil)
        // There is nobody in front of it, but it has not passed the first gate.
        #expect(bench.refusal(of: TriggerBreach.grant(4)) == refusal)
        #expect(bench.refusal(of: "UPDATE tickets SET turn = 4 WHERE id = 4") == nil)
        #expect(bench.refusal(of: TriggerBreach.grant(4)) == nil)
    }

    @Test func `grants the one behind a head that left`() throws {
        let bench = try SchemaBench()
        #expect(bench.refusal(of: leave(2)) == nil)
        #expect(bench.refusal(of: TriggerBreach.grant(3)) == nil)
    }

    @Test func `grants one behind the head where the pool allows it, but none at the first gate`() throws {
        let bench = try SchemaBench()
        #expect(bench.refusal(of: "UPDATE pools SET queue = 'best-effort' WHERE name = 'default'") == nil)
        #expect(bench.refusal(of: TriggerBreach.grant(4)) == "tickets are granted in turn")
        #expect(bench.refusal(of: TriggerBreach.grant(3)) == nil)
        #expect(bench.refusal(of: TriggerBreach.grant(2)) == nil)
    }

    @Test func `has a head in each pool, also in one that is configured no more`() throws {
        let bench = try SchemaBench()
        for (id, turn) in [(5, 4), (6, 5)] {
            let changes = ["id": "\(id)", "turn": "\(turn)", "key": "'wait-\(id)'", "pool": "'gone'"]
            #expect(bench.refusal(of: SchemaSpecimens.insert("tickets", changes)) == nil)
        }
        #expect(bench.refusal(of: SchemaSpecimens.insert("leases", ["pool": "'gone'"])) == nil)
        #expect(bench.refusal(of: TriggerBreach.grant(6, lease: 3)) == "tickets are granted in turn")
        #expect(bench.refusal(of: TriggerBreach.grant(5, lease: 3)) == nil)
        #expect(bench.refusal(of: TriggerBreach.grant(6, lease: 3)) == nil)
    }

    /// From the gate of the sessions to the lease, and away with its last record.
    @Test func `lets a whole life of a ticket pass`() throws {
        let bench = try counting()
        let life = [
            SchemaSpecimens.insert("tickets", ["turn": "NULL"]),
            "INSERT INTO boots VALUES (2, 'boot-2')",
            "UPDATE tickets SET deadline_boot = 2, deadline_boot_ms = 5 WHERE id = 5",
            leave(4), "UPDATE tickets SET turn = 4, holds_slot = 1 WHERE id = 5",
            "UPDATE tickets SET passed = passed + 1 WHERE id = 5", "UPDATE tickets SET holds_slot = 0 WHERE id = 5",
            TriggerBreach.grant(2), TriggerBreach.grant(3), TriggerBreach.grant(5),
            SchemaSpecimens.insert("audit"), "UPDATE tickets SET redeemed_at = 6, last_seq = 2 WHERE id = 5",
            SchemaSpecimens.insert("audit_cuts"), "DELETE FROM tickets WHERE id < 5",
        ]
        for sql in life { #expect(bench.refusal(of: sql) == nil, "\(sql)") }
        let last = "DELETE FROM tickets WHERE id = 5"
        #expect(bench.refusal(of: last) == "a ticket is kept while it waits or a record speaks of it")
        #expect(bench.refusal(of: SchemaSpecimens.insert("audit_cuts", ["seq": "2"])) == nil)
        #expect(bench.refusal(of: last) == nil)
        #expect(try bench.fetch("SELECT waiting || ' ' || held_slots FROM host") == ["0 0"])
    }

    /// Else a repeat of the request would be answered with nothing.
    @Test func `keeps a ticket that is the outcome of a request`() throws {
        let bench = try SchemaBench()
        let outcome = SchemaSpecimens.insert(
            "idempotency_keys", ["status": "202", "lease_id": "NULL", "ticket_id": "1"])
        for sql in [outcome, SchemaSpecimens.insert("audit_cuts")] { #expect(bench.refusal(of: sql) == nil) }
        #expect(bench.refusal(of: "DELETE FROM tickets WHERE id = 1") == "FOREIGN KEY constraint failed")
        #expect(bench.refusal(of: "DELETE FROM idempotency_keys WHERE ticket_id = 1") == nil)
        #expect(bench.refusal(of: "DELETE FROM tickets WHERE id = 1") == nil)
    }
}
