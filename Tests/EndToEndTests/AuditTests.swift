import Testing

/// The audit as a client sees it.
@Suite struct `The audit over HTTP` {
    @Test func `tells a port's history in both orders, page by page`() throws {
        try withDaemon { daemon in
            let one = try daemon.granted("a", 3)
            _ = try daemon.release(one)
            let two = try daemon.granted("b", 3, ["preferred_first_port": one["first_port"]])
            let port = one["first_port"].int ?? 0
            let all = try daemon.all("/v1/audit?port=\(port + 1)", "events", limit: 1)
            #expect(all.map { $0["event"].text } == ["lease.granted", "lease.released", "lease.granted"])
            #expect(all.map { $0["lease_id"] } == [one["id"], one["id"], two["id"]])
            let newest = try daemon.all("/v1/audit?port=\(port + 1)&order=desc", "events", limit: 2)
            #expect(newest.map { $0["seq"] } == all.reversed().map { $0["seq"] })
            let second = try daemon.call("GET", "/v1/audit?lease=\(two["id"].int ?? 0)")
            #expect(second.json["events"].items.count == 1)
            #expect(all.allSatisfy { $0["principal"].text?.hasPrefix("uid:") == true && $0["hash"].text?.count == 64 })
        }
    }

    @Test func `refuses what it does not know, and says what it does`() throws {
        try withDaemon { daemon in
            for query in [
                "event=lease.lost", "lease=0", "since=yesterday", "order=up", "after=-1", "principal=alice",
                "principal=token:A%20b", "prot=1",
            ] {
                let refusal = try daemon.call("GET", "/v1/audit?\(query)")
                #expect(refusal.status == 422 && refusal.json["code"].text == "invalid-field", "\(query): \(refusal)")
            }
            #expect(try daemon.call("GET", "/v1/events", headers: [("Last-Event-ID", "x")]).status == 422)
            #expect(try daemon.call("GET", "/v1/audit/verify?scope=half").status == 422)
        }
    }

    @Test func `finds nothing behind the greatest number that there is`() throws {
        try withDaemon { daemon in
            _ = try daemon.granted("a", 1)
            let cursor = "YmVydGgxOjkyMjMzNzIwMzY4NTQ3NzU4MDc%3D"
            for query in ["after=\(Int64.max)", "after=\(Int64.max - 1)", "cursor=\(cursor)"] {
                let answer = try daemon.call("GET", "/v1/audit?\(query)")
                #expect(answer.status == 200 && answer.json["events"].items.isEmpty, "\(query): \(answer)")
            }
            let newest = try daemon.call("GET", "/v1/audit?order=desc&limit=1&cursor=\(cursor)").json
            let head = try daemon.call("GET", "/v1/audit/head").json
            #expect(newest["events"].items.first?["seq"] == head["seq"])
            for list in ["leases", "sessions", "tickets", "tokens", "pools"] {
                #expect(try daemon.call("GET", "/v1/\(list)?cursor=\(cursor)").status == 200, "\(list)")
            }
        }
    }

    @Test func `streams the same records as lines of JSON and as CSV`() throws {
        try withDaemon { daemon in
            for number in 0..<400 { _ = try daemon.release(try daemon.granted("s\(number)", 1)) }
            let pages = try daemon.all("/v1/audit", "events")
            #expect(pages.count > 1_500)
            let lines = try daemon.call("GET", "/v1/audit", headers: [("Accept", "application/x-ndjson")])
            #expect(lines["content-type"] == "application/x-ndjson")
            let records = try lines.body.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: $0) }
            #expect(records.map { $0["seq"].int } == pages.map { $0["seq"].int })
            #expect(records.map { $0["hash"].text } == pages.map { $0["hash"].text })
            let csv = try daemon.call("GET", "/v1/audit?limit=3", headers: [("Accept", "text/csv")])
            let rows = csv.text.split(separator: "\r\n")
            #expect(rows.count == 4 && rows[0].hasPrefix("seq,at,event,lease_id,session,pool,first_port,count"))
            #expect(rows[1].hasPrefix("1,20"))
        }
    }

    @Test func `tells who held a port then`() throws {
        try withDaemon { daemon in
            let one = try daemon.granted("a", 2)
            let port = one["first_port"].int ?? 0
            _ = try daemon.release(one)
            let released = try daemon.shown(one)["ended_at"].text ?? ""
            let two = try daemon.granted("b", 2, ["preferred_first_port": one["first_port"]])
            func holder(_ instant: String) throws -> JSON {
                try daemon.call("GET", "/v1/ports/\(port)?at=\(instant.percentEncoded)").json
            }
            #expect(try holder("2020-01-01T00:00:00.000Z")["leased"] == .bool(false))
            #expect(try holder("2100-01-01T00:00:00.000Z")["lease"]["id"] == two["id"])
            #expect(try holder(two["created_at"].text ?? "")["lease"]["id"] == two["id"])
            let created = one["created_at"].text ?? ""
            if created != released { #expect(try holder(created)["lease"]["id"] == one["id"]) }
            #expect(try daemon.call("GET", "/v1/ports/\(port)?at=now").status == 422)
        }
    }

    @Test func `is whole, and says so of all records and of the new ones`() throws {
        try withDaemon { daemon in
            _ = try daemon.release(try daemon.granted("a", 3))
            let whole = try daemon.call("GET", "/v1/audit/verify").json
            #expect(whole["valid"] == .bool(true) && whole["first_bad_seq"] == .null)
            let head = try daemon.call("GET", "/v1/audit/head").json
            #expect(whole["head"] == head && whole["checked"] == head["seq"])
            _ = try daemon.granted("a", 3)
            let new = try daemon.call("GET", "/v1/audit/verify?scope=new").json
            #expect(new["valid"] == .bool(true) && new["checked"] == .integer(2))
        }
    }
}
