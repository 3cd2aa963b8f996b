/// What the triggers of the line refuse. Of the base state's tickets, 1 was granted, 2 and 3 are at their pool's gate
/// in this order, and 4 is at the gate of the sessions.
extension TriggerBreach {
    static let tickets = [
        TriggerBreach(
            "tickets_begin_waiting",
            SchemaSpecimens.insert("tickets", ["id": "1"]),
            SchemaSpecimens.insert("tickets", ["id": "2"]),
            // The id of one that is gone, and with it a place before others at the gate of the sessions.
            """
            \(SchemaSpecimens.insert("audit_cuts"));
            DELETE FROM tickets WHERE id = 1;
            \(SchemaSpecimens.insert("tickets", ["id": "1"]))
            """,
            // INSERT OR REPLACE would take the other one away.
            SchemaSpecimens.insert("tickets", ["key": "'wait-2'"]),
            // Before the last of its pool, or beside it.
            SchemaSpecimens.insert("tickets", ["turn": "1"]),
            SchemaSpecimens.insert("tickets", ["turn": "3"]),
            SchemaSpecimens.insert(
                "tickets",
                ["state": "'granted'", "lease_id": "1", "ended_at": "5", "end_reason": "'x'", "last_seq": "1"]),
            SchemaSpecimens.insert(
                "tickets", ["state": "'cancelled'", "ended_at": "5", "end_reason": "'x'", "last_seq": "1"])),
        TriggerBreach(
            "tickets_keep_their_place",
            "UPDATE tickets SET id = 9 WHERE id = 4",
            "UPDATE tickets SET principal = 'uid:0' WHERE id = 2",
            "UPDATE tickets SET session = 'bob' WHERE id = 2",
            "UPDATE tickets SET pool = 'other' WHERE id = 2",
            "UPDATE tickets SET count = 1 WHERE id = 2",
            "UPDATE tickets SET wish = '{\"name\":\"web\"}' WHERE id = 2",
            "UPDATE tickets SET created_at = 2 WHERE id = 2",
            "UPDATE tickets SET is_async = 1 WHERE id = 2",
            "UPDATE tickets SET owner_pid = 43 WHERE id = 2",
            "UPDATE tickets SET owner_ticks = 6 WHERE id = 2",
            "UPDATE tickets SET owner_boot = 2 WHERE id = 2",
            """
            UPDATE tickets SET owner_boot = NULL, owner_namespace = NULL, owner_pid = NULL, owner_ticks = NULL
            WHERE id = 2
            """,
            "UPDATE tickets SET owner_namespace = 8 WHERE id = 2",
            "UPDATE tickets SET owner_inode = 7 WHERE id = 2",
            "UPDATE tickets SET request_id = 'other' WHERE id = 2",
            "UPDATE tickets SET method = 'PUT' WHERE id = 2",
            "UPDATE tickets SET path = '/v1/other' WHERE id = 2",
            "UPDATE tickets SET key = 'other' WHERE id = 2",
            "UPDATE tickets SET request_hash = randomblob(32) WHERE id = 2",
            "UPDATE tickets SET passed = 1 WHERE id = 2; UPDATE tickets SET passed = 0 WHERE id = 2",
            "UPDATE tickets SET key = NULL, method = NULL, path = NULL, request_hash = NULL WHERE id = 2",
            // A place is not given up, not changed for another, and not taken before those who have one.
            "UPDATE tickets SET turn = NULL WHERE id = 3",
            "UPDATE tickets SET turn = 1 WHERE id = 3",
            "UPDATE tickets SET turn = 9 WHERE id = 2",
            "UPDATE tickets SET turn = 1 WHERE id = 4",
            "UPDATE tickets SET turn = 3 WHERE id = 4"),
        TriggerBreach(
            "tickets_stay_ended",
            """
            UPDATE tickets SET state = 'waiting', lease_id = NULL, ended_at = NULL, end_reason = NULL, last_seq = NULL
            WHERE id = 1
            """,
            "UPDATE tickets SET state = 'cancelled', lease_id = NULL WHERE id = 1",
            "UPDATE tickets SET lease_id = 2 WHERE id = 1",
            "UPDATE tickets SET ended_at = 6 WHERE id = 1",
            "UPDATE tickets SET end_reason = 'other' WHERE id = 1",
            "UPDATE tickets SET passed = 1 WHERE id = 1",
            "UPDATE tickets SET last_seq = 0 WHERE id = 1",
            "UPDATE tickets SET last_seq = 2 WHERE id = 1",
            "UPDATE tickets SET last_seq = 0, redeemed_at = 6 WHERE id = 1",
            """
            UPDATE tickets SET state = 'lapsed', end_code = 'pool-exhausted', ended_at = 5, end_reason = 'late',
                last_seq = 1 WHERE id = 4;
            UPDATE tickets SET end_code = 'other' WHERE id = 4
            """,
            """
            UPDATE tickets SET state = 'cancelled', ended_at = 5, end_reason = 'left', last_seq = 1 WHERE id = 4;
            UPDATE tickets SET turn = 9 WHERE id = 4
            """,
            // Its client hears of the lease once.
            "UPDATE tickets SET redeemed_at = 6 WHERE id = 1; UPDATE tickets SET redeemed_at = 7 WHERE id = 1",
            "UPDATE tickets SET redeemed_at = 6 WHERE id = 1; UPDATE tickets SET redeemed_at = NULL WHERE id = 1"),
        TriggerBreach(
            "tickets_pass_in_turn",
            """
            \(SchemaSpecimens.insert("tickets", ["turn": "NULL"]));
            UPDATE tickets SET turn = 4, holds_slot = 1 WHERE id = 5
            """),
        TriggerBreach("tickets_are_granted_in_turn", grant(3), grant(4)),
        TriggerBreach(
            "tickets_are_granted_leases", grant(2, lease: 2), grant(2, lease: 99),
            // Another's lease, of another pool, of another size.
            """
            \(SchemaSpecimens.insert("leases", ["principal": "'uid:1001'"]));
            \(grant(2, lease: 3))
            """,
            """
            \(SchemaSpecimens.insert("leases", ["pool": "'other'"]));
            \(grant(2, lease: 3))
            """,
            """
            \(SchemaSpecimens.insert("leases", ["count": "3"]));
            \(grant(2, lease: 3))
            """),
        TriggerBreach(
            "tickets_are_kept", "DELETE FROM tickets", "DELETE FROM tickets WHERE id = 1",
            "DELETE FROM tickets WHERE id = 2", "DELETE FROM tickets WHERE id = 4"),
    ]

    /// The statement that grants a ticket a lease, whose client has not heard of it.
    static func grant(_ ticket: Int, lease: Int = 1) -> String {
        """
        UPDATE tickets SET state = 'granted', holds_slot = 0, lease_id = \(lease), ended_at = 5,
            end_reason = 'it waited', last_seq = 1 WHERE id = \(ticket)
        """
    }
}
