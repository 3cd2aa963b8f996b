import Testing

/// A generator of numbers that a seed repeats (SplitMix64, Steele, Lea and Flood 2014).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[Int.random(in: 0..<items.count, using: &self)] }
}

/// Makes requests that are nearly right.
private struct OddRequests {
    var random: SeededRandom

    private static let segments = [
        "v1", "leases", "1", "2", "renew", "agents", "web", "ports", "20000", "pools", "default", "sessions", "a", "..",
        ".", "", "%", "%zz", "%00", "%2F", "%ff", "-1", "99999999999999999999", "livez", "metrics", "problems", "ä",
        "{id}",
        "{}", "*", "**", "a;b", "a%20b", "audit", "tickets", "tokens", "events", "reap", "backups",
    ]
    private static let routes = [
        "/v1/leases", "/v1/leases/1", "/v1/leases/1/renew", "/v1/leases/1/agents/web", "/v1/ports/10100", "/v1/pools",
        "/v1/pools/default", "/v1/sessions", "/v1/sessions/a", "/metrics", "/livez", "/readyz", "/docs",
        "/openapi.json",
    ]
    private static let members = [
        "session", "count", "name", "pool", "ttl_seconds", "owner_pid", "agents", "align", "preferred_first_port",
        "first_port", "labels", "pinned", "pid", "port", "x", "",
    ]
    private static let values = [
        "1", "0", "-1", "1.5", "1e3", "1e400", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551616", "\"a\"", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"\u{1F6A2}\"", "null", "true", "[]",
        "{}",
        "[1]", "[\"web\"]", "[\"web\",\"web\"]", "{\"k\":\"v\"}", "{\"k\":1}", "\"default\"", "65535", "65536", "256",
        "[[]]",
    ]
    private static let headers = [
        "Idempotency-Key: k", "Idempotency-Key: \"\"", "Idempotency-Key: \u{e4}", "X-Request-Id: \u{7f}",
        "Prefer: wait=1x",
        "Content-Type: text/html", "Accept: */*", "Expect: 100-continue", "Range: bytes=0-1", "Upgrade: websocket",
        "If-Match: *", "Connection: upgrade, keep-alive", "Content-Encoding: gzip", "Cookie: a=b", "Origin: null",
        "Authorization: Bearer", "Accept-Encoding: br;q=2", "TE: trailers", "Host: other", "Prefer: respond-async",
    ]

    /// The request's bytes, and whether it is whole, so that an answer must come.
    mutating func next() -> (bytes: [UInt8], isWhole: Bool) {
        var method = random.pick(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "PURGE", "get"])
        var path = random.pick(Self.routes)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            path =
                "/"
                + (0..<Int.random(in: 1...5, using: &random)).map { _ in random.pick(Self.segments) }.joined(
                    separator: "/")
        case 1: (method, path) = ("POST", "/v1/leases")
        case 2:
            (method, path) = random.pick([
                ("POST", "/v1/leases/1/renew"), ("PUT", "/v1/leases/1/agents/web"), ("GET", path),
            ])
        default: break
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            path += "?" + random.pick(["limit", "cursor", "state", "port", "session", "at", "", "%", "&&", "=", "a[]"])
            path += random.pick([
                "", "=", "=1", "=%", "=%ff", "=-1", "=99999999999999999999", "=all", "&limit=1", "=a+b",
            ])
        }
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for _ in 0..<max(0, Int.random(in: -3...3, using: &random)) { text += random.pick(Self.headers) + "\r\n" }
        let body = body()
        var bytes = Array((text + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
        guard Int.random(in: 0..<4, using: &random) == 0 else { return (bytes, true) }
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
        }
        return (bytes, false)
    }

    private mutating func body() -> [UInt8] {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return []
        case 1:
            return (0..<Int.random(in: 1...99, using: &random)).map { _ in .random(in: .min ... .max, using: &random) }
        default:
            var members = Int.random(in: 0..<3, using: &random) == 0 ? [] : ["\"session\":\"a\"", "\"count\":1"]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                members.append("\"\(random.pick(Self.members))\":\(random.pick(Self.values))")
            }
            return Array("{\(members.joined(separator: ","))}".utf8)
        }
    }
}

@Suite struct `Odd requests` {
    @Test(arguments: [20_261_123, 7, 4711] as [UInt64])
    func `never cause a 500, and every refusal is a problem`(seed: UInt64) throws {
        try withDaemon(.init(poolSize: 300)) { daemon in
            var requests = OddRequests(random: SeededRandom(seed: seed))
            var statuses: [Int: Int] = [:]
            for number in 0..<400 {
                let (bytes, isWhole) = requests.next()
                let request = Comment(
                    rawValue: "seed \(seed), request \(number): \(String(decoding: bytes, as: UTF8.self))")
                let connection = try daemon.unix.connect()
                try connection.send(bytes)
                // What a flipped byte made unfinished must not be waited for.
                if !isWhole { connection.finishSending() }
                do {
                    let response = try connection.receive(headOnly: bytes.starts(with: Array("HEAD ".utf8)))
                    statuses[response.status, default: 0] += 1
                    #expect(response.status < 500 || response.status == 503, request)
                    #expect(response.status < 400 || response["content-type"] == "application/problem+json", request)
                    #expect(response["x-request-id"]?.isEmpty == false || response.status == 100, request)
                } catch let end as Connection.Ended {
                    #expect(!isWhole && end.received.isEmpty, "\(end), to \(request)")
                }
            }
            // The table is worth something only while it reaches the routes as well as the refusals.
            let reached = Set(statuses.keys)
            #expect(reached.isSuperset(of: [200, 201, 400, 404, 405, 415, 422]), "reached \(statuses)")
            #expect(try daemon.call("GET", "/readyz").status == 200)
            #expect(try daemon.process?.status() == nil)
        }
    }
}
