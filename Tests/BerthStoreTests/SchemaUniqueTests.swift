import BerthTestSupport
import GRDB
import Testing

/// Every key and unique index of the schema.
@Suite struct `The unique keys of the schema` {
    @Test(arguments: [
        ("schema_migrations", ["version": "1"], "schema_migrations.version"),
        ("boots", ["id": "1"], "boots.id"),
        ("boots", ["boot_id": "'boot-1'"], "boots.boot_id"),
        ("pools", ["name": "'default'"], "pools.name"),
        ("sessions", ["id": "1"], "sessions.id"),
        ("sessions", ["name": "'alice'"], "sessions.name"),
        ("leases", ["id": "1"], "leases.id"),
        ("leases", ["first_port": "20000"], "leases.first_port, leases.count"),
        ("leases", ["name": "'web'"], "leases.session_id, leases.name"),
        ("agents", ["port": "20000"], "agents.lease_id, agents.port"),
        ("agents", ["name": "'one'"], "agents.lease_id, agents.name"),
        ("ports", ["port": "20000"], "ports.port"),
        (
            "held_blocks", ["name": "'web'"],
            "held_blocks.principal, held_blocks.session, held_blocks.name, held_blocks.pool, held_blocks.count, "
                + "held_blocks.first_port"
        ),
        ("audit", ["seq": "1"], "audit.seq"),
        ("tokens", ["id": "1"], "tokens.id"),
        ("tokens", ["name": "'ci'"], "tokens.name"),
        ("tokens", ["hash": "zeroblob(32)"], "tokens.hash"),
        // A revoked one's secret opens nothing, also not for somebody else.
        ("tokens", ["hash": SchemaSpecimens.hash("02")], "tokens.hash"),
        ("tickets", ["id": "1"], "tickets.id"),
        ("tickets", ["turn": "2"], "tickets.pool, tickets.turn"),
        ("tickets", ["key": "'wait-2'"], "tickets.principal, tickets.method, tickets.path, tickets.key"),
        (
            "idempotency_keys", ["key": "'key-1'"],
            "idempotency_keys.principal, idempotency_keys.method, idempotency_keys.path, idempotency_keys.key"
        ),
    ])
    func `refuse a second row`(table: String, changes: [String: String], key: String) throws {
        let sql = SchemaSpecimens.insert(table, changes)
        #expect(try SchemaBench(hasTriggers: false).refusal(of: sql) == "UNIQUE constraint failed: \(key)")
    }

    @Test func `let a host have one row only`() throws {
        let bench = try SchemaBench(hasTriggers: false)
        #expect(bench.refusal(of: SchemaSpecimens.insert("host")) == nil)
        #expect(bench.refusal(of: SchemaSpecimens.insert("host")) == "UNIQUE constraint failed: host.id")
    }

    @Test func `are all covered by the cases above`() throws {
        let bench = try SchemaBench()
        let names: [String] = try bench.tables.flatMap { table -> [String] in
            try bench.fetch("SELECT name FROM pragma_index_list('\(table)') WHERE \"unique\"")
        }
        #expect(
            names.sorted() == [
                "leases_active_first_port", "leases_active_name", "sessions_active_name", "sqlite_autoindex_agents_1",
                "sqlite_autoindex_agents_2", "sqlite_autoindex_boots_1", "sqlite_autoindex_held_blocks_1",
                "sqlite_autoindex_idempotency_keys_1", "sqlite_autoindex_pools_1", "sqlite_autoindex_tokens_1",
                "tickets_key", "tickets_turn", "tokens_name",
            ])
    }

    /// What an ended row had is free for a new one.
    @Test(arguments: [
        SchemaSpecimens.insert("sessions", ["name": "'bob'"]),
        SchemaSpecimens.insert("leases", ["first_port": "20010"]),
        SchemaSpecimens.insert("tickets", ["key": "'wait-1'"]),
        SchemaSpecimens.insert("tokens", ["name": "'old'"]),
        SchemaSpecimens.insert("leases", ["name": "NULL"]) + "; "
            + SchemaSpecimens.insert("leases", ["id": "4", "name": "NULL", "first_port": "20030"]),
    ])
    func `count active rows only`(sql: String) throws {
        #expect(try SchemaBench().refusal(of: sql) == nil)
    }

    /// A ticket that has left is in nobody's way, and one without a turn or a key is like no other.
    @Test(arguments: [
        ["turn": "1"], ["turn": "2", "pool": "'other'"], ["turn": "NULL"],
        ["key": "'wait-2'", "principal": "'uid:1001'"], ["key": "'wait-2'", "method": "'PUT'"],
        ["key": "'wait-2'", "path": "'/v1/other'"],
        ["key": "NULL", "method": "NULL", "path": "NULL", "request_hash": "NULL"],
    ])
    func `hold a ticket's turn within its pool and its key within its request`(changes: [String: String]) throws {
        let bench = try SchemaBench(hasTriggers: false)
        #expect(bench.refusal(of: SchemaSpecimens.insert("tickets", changes)) == nil)
    }

    @Test func `never give an id twice, even when the newest row is gone`() throws {
        let bench = try SchemaBench(hasTriggers: false)
        for table in ["leases", "sessions", "tickets", "tokens"] {
            #expect(bench.refusal(of: SchemaSpecimens.insert(table, ["id": "70"])) == nil)
            #expect(bench.refusal(of: "DELETE FROM \(table) WHERE id = 70") == nil)
            #expect(bench.refusal(of: SchemaSpecimens.insert(table, ["id": "NULL", "name": "'new'"])) == nil)
            #expect(try bench.fetch("SELECT max(id) FROM \(table)", as: Int.self) == [71])
        }
    }
}
