/// What the triggers of the tokens refuse. Of the base state's tokens, 1 lets somebody in, and 2 was revoked.
extension TriggerBreach {
    static let tokens = [
        TriggerBreach(
            "tokens_are_new",
            SchemaSpecimens.insert("tokens", ["id": "1"]),
            SchemaSpecimens.insert("tokens", ["id": "2"]),
            // The id of one that is gone, which records in an archive may speak of.
            """
            \(SchemaSpecimens.insert("audit_cuts"));
            DELETE FROM tokens WHERE id = 2;
            \(SchemaSpecimens.insert("tokens", ["id": "2"]))
            """,
            // INSERT OR REPLACE would take the other one away.
            SchemaSpecimens.insert("tokens", ["name": "'ci'"]),
            SchemaSpecimens.insert("tokens", ["hash": "zeroblob(32)"]),
            SchemaSpecimens.insert("tokens", ["hash": SchemaSpecimens.hash("02")]),
            SchemaSpecimens.insert("tokens", ["revoked_at": "5", "last_seq": "1"])),
        TriggerBreach(
            "tokens_keep_their_identity",
            "UPDATE tokens SET id = 9 WHERE id = 1", "UPDATE tokens SET rowid = 9 WHERE id = 1",
            "UPDATE tokens SET name = 'other' WHERE id = 1",
            "UPDATE tokens SET hash = \(SchemaSpecimens.hash("09")) WHERE id = 1",
            "UPDATE tokens SET max_ports = 7 WHERE id = 1", "UPDATE tokens SET max_ports = NULL WHERE id = 1",
            "UPDATE tokens SET allow_pids = 1 WHERE id = 1", "UPDATE tokens SET created_at = 2 WHERE id = 1",
            "UPDATE tokens SET created_by = 'uid:1000' WHERE id = 1",
            "UPDATE tokens SET expires_at = 99 WHERE id = 1", "UPDATE tokens SET expires_at = NULL WHERE id = 1",
            "UPDATE tokens SET key = 'other' WHERE id = 1",
            "UPDATE tokens SET request_hash = randomblob(32) WHERE id = 1",
            "UPDATE tokens SET key = NULL, request_hash = NULL WHERE id = 1",
            "UPDATE tokens SET hash = randomblob(32), revoked_at = 5, last_seq = 1 WHERE id = 1",
            "UPDATE tokens SET name = 'new' WHERE id = 2"),
        TriggerBreach(
            "tokens_stay_revoked",
            "UPDATE tokens SET revoked_at = NULL, last_seq = NULL WHERE id = 2",
            "UPDATE tokens SET revoked_at = 6 WHERE id = 2", "UPDATE tokens SET last_seq = 2 WHERE id = 2"),
        TriggerBreach(
            "tokens_are_kept", "DELETE FROM tokens", "DELETE FROM tokens WHERE id = 1",
            "DELETE FROM tokens WHERE id = 2"),
    ]
}
