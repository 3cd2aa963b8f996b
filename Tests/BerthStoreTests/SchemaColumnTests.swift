import BerthTestSupport
import GRDB
import Testing

/// What each column refuses by itself. The columns come from the schema, so a new one is tested without a new case.
@Suite struct `The columns of the schema` {
    @Test func `take the specimen of every table`() throws {
        #expect(try SchemaBench().tables == SchemaSpecimens.rows.keys.sorted())
        for table in try SchemaBench().tables {
            #expect(try SchemaBench().refusal(of: SchemaSpecimens.insert(table)) == nil, "\(table)")
            let columns: [String] = try SchemaBench().fetch("SELECT name FROM pragma_table_info('\(table)')")
            #expect(SchemaSpecimens.rows[table]?.map(\.column) == columns, "\(table)")
        }
    }

    @Test func `refuse NULL where they must have a value`() throws {
        let columns = try SchemaBench().columns().filter(\.mustHaveValue)
        #expect(columns.count == 82)
        for column in columns {
            let sql = SchemaSpecimens.insert(column.table, [column.name: "NULL"])
            #expect(
                try SchemaBench(hasTriggers: false).refusal(of: sql)
                    == "NOT NULL constraint failed: \(column.table).\(column.name)")
        }
    }

    @Test func `refuse a value of another type`() throws {
        for column in try SchemaBench().columns() {
            // Text is no BLOB, and a BLOB is neither text nor a number.
            let (value, kind) = column.type == "BLOB" ? ("'text'", "TEXT") : ("x'00'", "BLOB")
            let sql = SchemaSpecimens.insert(column.table, [column.name: value])
            let refusal = try SchemaBench(hasTriggers: false).refusal(of: sql)
            let isRowID = column.isRowID && refusal == "datatype mismatch"
            #expect(
                isRowID
                    || refusal
                        == "cannot store \(kind) value in \(column.type) column \(column.table).\(column.name)",
                "\(column.table).\(column.name): \(refusal ?? "it was taken")")
        }
    }

    /// A value that turns the reference to nowhere.
    @Test(arguments: [
        ("leases", "session_id"), ("leases", "owner_boot"), ("leases", "deadline_boot"), ("agents", "lease_id"),
        ("agents", "process_boot"), ("ports", "rest_boot"), ("ports", "pool"), ("idempotency_keys", "lease_id"),
        ("idempotency_keys", "ticket_id"), ("tickets", "owner_boot"), ("tickets", "deadline_boot"),
        ("sessions", "asleep_boot"),
    ])
    func `refuse a reference to nothing`(table: String, column: String) throws {
        let nowhere = column == "pool" ? "'nowhere'" : "999"
        // An outcome is a lease or a ticket.
        let others: [String: String] =
            switch column {
            case "ticket_id": ["status": "202", "lease_id": "NULL"]
            case "asleep_boot": SchemaSpecimens.asleep
            default: [:]
            }
        let sql = SchemaSpecimens.insert(table, others.merging([column: nowhere]) { $1 })
        #expect(try SchemaBench(hasTriggers: false).refusal(of: sql) == "FOREIGN KEY constraint failed")
        // It was the reference alone: with foreign keys off the same row is taken.
        let bench = try SchemaBench(hasTriggers: false)
        #expect(bench.refusal(of: "PRAGMA foreign_keys = OFF") == nil)
        #expect(bench.refusal(of: sql) == nil)
    }

    @Test func `have no reference that the cases above leave out`() throws {
        let bench = try SchemaBench()
        let references = try bench.tables.flatMap { table in
            try bench.rows("SELECT \"from\" FROM pragma_foreign_key_list('\(table)')").map {
                "\(table).\($0[0] as String)"
            }
        }
        #expect(
            references.sorted() == [
                "agents.lease_id", "agents.process_boot", "idempotency_keys.lease_id", "idempotency_keys.ticket_id",
                "leases.deadline_boot", "leases.owner_boot", "leases.session_id", "ports.pool", "ports.rest_boot",
                "sessions.asleep_boot", "tickets.deadline_boot", "tickets.owner_boot",
            ])
    }
}

/// One column as `PRAGMA table_info` tells it.
struct SchemaColumn {
    let table: String
    let name: String
    let type: String
    let mustHaveValue: Bool
    let isRowID: Bool
}

extension SchemaBench {
    func columns() throws -> [SchemaColumn] {
        try tables.flatMap { table in
            try rows("SELECT * FROM pragma_table_info('\(table)')").map { row in
                SchemaColumn(
                    table: table, name: row["name"], type: row["type"], mustHaveValue: row["notnull"],
                    isRowID: row["pk"] == 1 && row["notnull"] == 0)
            }
        }
    }
}
