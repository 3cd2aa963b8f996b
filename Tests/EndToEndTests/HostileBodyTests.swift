import Glibc
import Testing

@Suite struct `Bodies that mean harm` {
    private static func nested(_ start: String, _ end: String, _ depth: Int) -> String {
        String(repeating: start, count: depth) + "1" + String(repeating: end, count: depth)
    }

    private static func wish(_ more: String) -> String { #"{"session":"s","count":1"# + more + "}" }

    /// What a body is answered with: its text, the status and the code, and for 422 the member at fault.
    private static let table: [(body: String, status: Int, code: String, field: String?)] = [
        // Deep. What is over 64 KiB is never read.
        (nested("[", "]", 100_000), 413, "payload-too-large", nil),
        (nested("[", "]", 30_000), 400, "malformed-json", nil),
        (nested(#"{"a":"#, "}", 100_000), 413, "payload-too-large", nil),
        (nested(#"{"a":"#, "}", 10_000), 400, "malformed-json", nil),
        (String(repeating: "[", count: 65_536), 400, "malformed-json", nil),
        (wish(#","labels":"# + nested("[", "]", 20_000)), 400, "malformed-json", nil),
        (wish(#","labels":"# + nested("[", "]", 20)), 422, "invalid-field", "labels"),
        // Numbers.
        (#"{"session":"s","count":1e400}"#, 422, "invalid-field", "count"),
        (#"{"session":"s","count":-1e400}"#, 422, "invalid-field", "count"),
        (#"{"session":"s","count":1"# + String(repeating: "0", count: 400) + "}", 422, "invalid-field", "count"),
        (#"{"session":"s","count":0."# + String(repeating: "1", count: 60_000) + "}", 422, "invalid-field", "count"),
        (#"{"session":"s","count":-0}"#, 422, "invalid-field", "count"),
        (wish(#","ttl_seconds":-0"#), 422, "invalid-field", "ttl_seconds"),
        (wish(#","ttl_seconds":18446744073709551617"#), 422, "invalid-field", "ttl_seconds"),
        (wish(#","owner_pid":4294967297"#), 422, "invalid-field", "owner_pid"),
        (wish(#","first_port":65537"#), 422, "invalid-field", "first_port"),
        (#"{"session":"s","count":01}"#, 400, "malformed-json", nil),
        (#"{"session":"s","count":+1}"#, 400, "malformed-json", nil),
        (#"{"session":"s","count":1.}"#, 400, "malformed-json", nil),
        (#"{"session":"s","count":NaN}"#, 400, "malformed-json", nil),
        // Members that stand there twice, however they are spelt.
        (wish(#","count":2"#), 422, "invalid-field", "count"),
        (wish(#","session":"s""#), 422, "invalid-field", "session"),
        (wish(#","\u0073ession":"t""#), 422, "invalid-field", "session"),
        (wish(#","labels":{"k":"1","k":"2"}"#), 422, "invalid-field", "k"),
        // What is nearly JSON.
        (wish(","), 400, "malformed-json", nil), (wish("}"), 400, "malformed-json", nil),
        (wish("") + "{}", 400, "malformed-json", nil), ("/**/" + wish(""), 400, "malformed-json", nil),
        ("{'session':'s','count':1}", 400, "malformed-json", nil), (wish("") + "\u{0}", 400, "malformed-json", nil),
        ("\u{C}" + wish(""), 400, "malformed-json", nil),
        ("{\"session\":\"s\t\",\"count\":1}", 400, "malformed-json", nil),
        // Names and labels that read as something else than they are.
        (#"{"session":"a\u0000b","count":1}"#, 422, "invalid-field", "session"),
        ("{\"session\":\"a\u{202E}b\",\"count\":1}", 422, "invalid-field", "session"),
        (#"{"session":"\u2066a\u2069","count":1}"#, 422, "invalid-field", "session"),
        (#"{"session":"\ud800","count":1}"#, 422, "invalid-field", "session"),
        (wish(",\"name\":\"\u{200F}x\""), 422, "invalid-field", "name"),
        (wish(",\"pool\":\"default\u{200B}\""), 422, "invalid-field", "pool"),
        (wish(#","agents":["web\u0000"]"#), 422, "invalid-field", "agents"),
        (wish(",\"labels\":{\"k\":\"a\u{202E}b\"}"), 422, "invalid-field", "labels"),
        (wish(",\"labels\":{\"k\u{2067}\":\"\"}"), 422, "invalid-field", "labels"),
        (wish(#","labels":{"k":"\u0000"}"#), 422, "invalid-field", "labels"),
        (wish(#","labels":{"k":"\u2028"}"#), 422, "invalid-field", "labels"),
        (wish(#","\u202ecount":1"#), 422, "invalid-field", "\u{202E}count"),
    ]

    /// What is no UTF-8, inside of a name, and texts in other encodings.
    private static let bytes: [[UInt8]] =
        [[0xC0, 0xAF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xC3], [0xF4, 0x90, 0x80, 0x80], [0x80]].map {
            sequence in
            Array("{\"session\":\"".utf8) + sequence + Array("\",\"count\":1}".utf8)
        } + [
            wish("").utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] },
            wish("").utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] },
            [0xFF, 0xFE] + wish("").utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] },
            wish("").utf8.flatMap { [$0, 0, 0, 0] },
        ]

    @Test func `are refused as they deserve, and leave nothing behind`() throws {
        try withDaemon { daemon in
            for (body, status, code, field) in Self.table {
                let response = try daemon.post(Array(body.utf8))
                let note = Comment(rawValue: String(body.prefix(120)))
                expectProblem(response, status, code, note)
                if let field { #expect(response.json["errors"].items.map { $0["field"].text } == [field], note) }
            }
            for body in Self.bytes { expectProblem(try daemon.post(body), 400, "malformed-json", "\(body.prefix(40))") }
            #expect(try daemon.all("/v1/leases?state=all", "leases").isEmpty)
            #expect(try daemon.call("GET", "/readyz").status == 200)
        }
    }

    @Test func `cost the daemon no more than they cost their sender`() throws {
        try withDaemon { daemon in
            let members = (0..<5000).map { "\"m\($0)\":1" }.joined(separator: ",")
            let long = "{\"" + String(repeating: "x", count: 60_000) + "\":1}"
            for body in ["{\(members)}", long, Self.wish(",\"labels\":{\(members)}")] {
                let response = try daemon.post(Array(body.utf8))
                expectProblem(response, 422, "invalid-field", "\(body.prefix(60))")
                #expect(response.body.count < 16_384, "\(body.count) bytes were answered with \(response.body.count)")
            }
        }
    }

    @Test func `of no protocol that the daemon speaks are not kept`() throws {
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                let connection = try entrance.endpoint.connect()
                defer { connection.close() }
                // An answer that does not end, so that the connection stays.
                let upgrade = "Connection: Upgrade\r\nUpgrade: x\r\n"
                try connection.send("GET /v1/events HTTP/1.1\r\n\(entrance.fields)\(upgrade)\r\n")
                _ = try connection.receiveRest(until: ": berth")
                let before = try daemon.residentKilobytes()
                let megabyte = [UInt8](repeating: 0x78, count: 1 << 20)
                for _ in 0..<64 { try connection.send(megabyte) }
                #expect(try daemon.residentKilobytes() < before + 32_768)
                #expect(try daemon.call("GET", "/readyz").status == 200)
            }
        }
    }
}

extension Daemon {
    /// Sends a body to where leases are asked for.
    fileprivate func post(_ body: [UInt8]) throws -> Response {
        let connection = try unix.connect()
        defer { connection.close() }
        do {
            try connection.send(Connection.request("POST", "/v1/leases", body, host: "localhost"))
        } catch is Connection.Ended {
            // It may have answered before all was sent.
        }
        return try connection.receive()
    }

    /// VmRSS of proc_pid_status(5).
    fileprivate func residentKilobytes() throws -> Int {
        guard let process else { throw HarnessError("the daemon was never started") }
        let lines = TemporaryFolder.text("/proc/\(process.id)/status").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("VmRSS:") } ?? ""
        guard let size = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw HarnessError("no size in \(line)")
        }
        return size
    }
}
