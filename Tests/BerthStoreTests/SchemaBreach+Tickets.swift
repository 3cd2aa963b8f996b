/// The checks of the line.
extension SchemaBreach {
    /// The changes that make a ticket without an owner.
    private static let ownerless = [
        "owner_boot": "NULL", "owner_namespace": "NULL", "owner_pid": "NULL", "owner_ticks": "NULL",
        "owner_inode": "NULL",
    ]

    /// The changes that make an ended ticket, with others.
    private static func ended(_ state: String, _ others: [String: String] = [:]) -> [String: String] {
        ["state": "'\(state)'", "ended_at": "5", "end_reason": "'x'", "last_seq": "1"].merging(others) { $1 }
    }

    static let tickets: [SchemaBreach] = [
        SchemaBreach("tickets", "id >= 1", ["id": "0"], ["id": "-1"]),
        SchemaBreach("tickets", "length(session) BETWEEN 1 AND 128", ["session": text(0)], ["session": text(129)]),
        SchemaBreach("tickets", "count >= 1", ["count": "0"]),
        SchemaBreach("tickets", "json_valid(wish) AND json_type(wish) = 'object'", ["wish": "'{'"], ["wish": "'[]'"]),
        SchemaBreach("tickets", "owner_pid > 0", ["owner_pid": "0"]),
        SchemaBreach("tickets", "owner_ticks >= 0", ["owner_ticks": "-1"]),
        SchemaBreach("tickets", "is_async IN (0, 1)", ["is_async": "2"]),
        SchemaBreach("tickets", "length(key) BETWEEN 1 AND 255", ["key": text(0)], ["key": text(256)]),
        SchemaBreach(
            "tickets", "length(request_hash) = 32", ["request_hash": "zeroblob(31)"],
            ["request_hash": "zeroblob(33)"]),
        SchemaBreach("tickets", "turn >= 1", ["turn": "0"]),
        SchemaBreach("tickets", "holds_slot IN (0, 1)", ["holds_slot": "2"]),
        SchemaBreach("tickets", "passed BETWEEN 0 AND 16", ["passed": "-1"], ["passed": "17"]),
        SchemaBreach("tickets", "(owner_pid IS NULL) = (owner_boot IS NULL)", ["owner_boot": "NULL"]),
        SchemaBreach("tickets", "(owner_pid IS NULL) = (owner_namespace IS NULL)", ["owner_namespace": "NULL"]),
        SchemaBreach("tickets", "(owner_pid IS NULL) = (owner_ticks IS NULL)", ["owner_ticks": "NULL"]),
        SchemaBreach(
            "tickets", "owner_pid IS NOT NULL OR owner_inode IS NULL", ownerless.merging(["owner_inode": "6"]) { $1 }),
        SchemaBreach("tickets", "(key IS NULL) = (method IS NULL)", ["method": "NULL"], ["key": "NULL"]),
        SchemaBreach(
            "tickets", "(key IS NULL) = (path IS NULL)", ["path": "NULL"], ["key": "NULL", "method": "NULL"]),
        SchemaBreach(
            "tickets", "(key IS NULL) = (request_hash IS NULL)", ["request_hash": "NULL"],
            ["key": "NULL", "method": "NULL", "path": "NULL"]),
    ]

    static let ticketStates: [SchemaBreach] = [
        SchemaBreach(
            "tickets", "state IN ('waiting', 'granted') OR state IN ('cancelled', 'lapsed')", ended("served")),
        SchemaBreach(
            "tickets", "holds_slot = 0 OR (state = 'waiting' AND turn IS NOT NULL)",
            ["holds_slot": "1", "turn": "NULL"], ended("cancelled", ["holds_slot": "1"])),
        SchemaBreach(
            "tickets", "(state = 'waiting') = (ended_at IS NULL)", ["ended_at": "5"], ["state": "'cancelled'"]),
        SchemaBreach(
            "tickets", "(ended_at IS NULL) = (end_reason IS NULL)", ["end_reason": "'x'"],
            ended("cancelled", ["end_reason": "NULL"])),
        SchemaBreach(
            "tickets", "(ended_at IS NULL) = (last_seq IS NULL)", ["last_seq": "1"],
            ended("cancelled", ["last_seq": "NULL"])),
        SchemaBreach(
            "tickets", "(state = 'lapsed') = (end_code IS NOT NULL)", ["end_code": "'pool-exhausted'"],
            ended("lapsed"), ended("cancelled", ["end_code": "'pool-exhausted'"])),
        SchemaBreach(
            "tickets", "(state = 'granted') = (lease_id IS NOT NULL)", ["lease_id": "1"], ended("granted"),
            ended("cancelled", ["lease_id": "1"])),
        SchemaBreach(
            "tickets", "state = 'granted' OR redeemed_at IS NULL", ["redeemed_at": "5"],
            ended("cancelled", ["redeemed_at": "5"])),
    ]

    /// Changes to the specimen that stay just inside the checks.
    static let ticketsAtTheBounds: [[String: String]] = [
        ["session": text(128), "count": "1", "key": text(255), "turn": "1"],
        ["session": text(1), "key": text(1), "is_async": "1", "passed": "16", "holds_slot": "1"],
        ["turn": "NULL", "owner_ticks": "0", "owner_inode": "NULL", "owner_pid": "1"], ownerless,
        ["key": "NULL", "method": "NULL", "path": "NULL", "request_hash": "NULL", "request_id": "NULL"],
        ended("granted", ["lease_id": "1"]), ended("granted", ["lease_id": "1", "redeemed_at": "5"]),
        ended("cancelled", ["turn": "NULL"]), ended("lapsed", ["end_code": "'pool-exhausted'", "passed": "16"]),
    ]
}
