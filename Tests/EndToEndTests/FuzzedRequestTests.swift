import BerthTestSupport
import Glibc
import Testing

/// Requests that are well formed, and what becomes of them when bytes on the way are lost, doubled and turned.
private struct FuzzedRequests {
    var random: SplitMix64
    /// A session belongs to whom it began with, and each entrance stands for somebody else.
    let session: String

    private static let pieces = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", ",", "HTTP/1.1", "HTTP/1.0", "GET ", "POST ", "0\r\n\r\n",
        "5\r\n", "ffffffff\r\n",
        "Content-Length: 0\r\n", "Content-Length: 25\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
        "Upgrade: h2c\r\n", "Expect: 100-continue\r\n", "Host: evil.example\r\n", "Host: localhost\r\n",
        "X: y\r\n z\r\n", "%00", "%",
        "/v1/leases", "?limit=1", "\u{202E}", "{", "}", "\"", "[[[[", "\u{1B}", "é", "1e400", "-",
    ]

    /// The bytes of one to three requests, each with an id of its own, changed in a few places, or in none: then how many
    /// they are.
    mutating func next(_ fields: String, id: String) -> (bytes: [UInt8], whole: Int?) {
        let requests = (0..<random.pick([1, 1, 2, 3])).map { request(fields, id: "\(id)-\($0)") }
        var bytes = Array(requests.joined().utf8)
        let changes = random.pick([0, 1, 1, 2, 3, 6])
        for _ in 0..<changes { change(&bytes) }
        return (bytes, changes == 0 ? requests.count : nil)
    }

    private mutating func request(_ fields: String, id: String) -> String {
        let body = random.pick([
            "{\"session\":\"\(session)\",\"count\":1}",
            "{\"session\":\"\(session)\",\"count\":2,\"labels\":{\"k\":\"v\"}}",
            "{}", "[1]",
        ])
        let (method, path) = random.pick([
            ("POST", "/v1/leases"), ("POST", "/v1/leases"), ("GET", "/v1/leases?limit=2"), ("GET", "/livez"),
            ("DELETE", "/v1/leases/1"), ("POST", "/v1/leases/1/renew"), ("GET", "/nothing"),
            ("DELETE", "/v1/sessions/\(session)"),
        ])
        let head = "\(method) \(path) HTTP/1.1\r\n\(fields)X-Request-Id: \(id)\r\n"
        guard method == "POST" else { return head + "\r\n" }
        let type = "Content-Type: application/json\r\n"
        guard random.happens(inPercent: 40) else {
            return head + type + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        }
        let middle = Int.random(in: 1..<body.utf8.count, using: &random)
        let chunks = [body.prefix(middle), body.dropFirst(middle)].map {
            "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n"
        }
        return head + type + "Transfer-Encoding: chunked\r\n\r\n" + chunks.joined() + "0\r\n\r\n"
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + random.pick([1, 1, 2, 8, 40]))
        switch Int.random(in: 0..<7, using: &random) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where place < bytes.count: bytes[place] = .random(in: .min ... .max, using: &random)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
        case 4: bytes.replaceSubrange(place..<end, with: Array(random.pick(Self.pieces).utf8))
        case 5: bytes.removeSubrange(end...)
        default: bytes.insert(contentsOf: Array(random.pick(Self.pieces).utf8), at: place)
        }
    }
}

/// `BERTH_FUZZ_REQUESTS` sets how many inputs each seed and entrance get.
@Suite struct `Requests whose bytes were changed on the way` {
    private static let count = getenv("BERTH_FUZZ_REQUESTS").flatMap { Int(String(cString: $0)) } ?? 150

    @Test(arguments: [7, 4711])
    func `are answered in order with what is documented, and leave no trace where they are refused`(seed: Int) throws {
        try withDaemon(.init(poolSize: 300)) { daemon in
            var taken: Set<String> = []
            var statuses: [Int: Int] = [:]
            for (way, entrance) in daemon.entrances.enumerated() {
                var requests = FuzzedRequests(random: SplitMix64(seed: seed + way), session: "s\(way)")
                for number in 0..<Self.count {
                    let (bytes, whole) = requests.next(entrance.fields, id: "f\(way)-\(number)")
                    let answers = try Answers(to: bytes, at: entrance.endpoint)
                    let note = Comment(
                        rawValue:
                            "seed \(seed), entrance \(way), input \(number): \(String(decoding: bytes, as: UTF8.self))")
                    #expect(answers.fault == nil, note)
                    #expect(documentedStatuses.isSuperset(of: answers.statuses), note)
                    for response in answers.responses {
                        statuses[response.status, default: 0] += 1
                        let isProblem = response["content-type"] == "application/problem+json"
                        #expect(isProblem == (response.status >= 400), note)
                        if response.status < 400 { taken.insert(response["x-request-id"] ?? "") }
                    }
                    if let whole { #expect(answers.ids == (0..<whole).map { "f\(way)-\(number)-\($0)" }, note) }
                    // Nothing is read behind what ended the connection.
                    let isLastSaid = answers.responses.dropLast().allSatisfy { $0["connection"] != "close" }
                    #expect(isLastSaid, note)
                    #expect(try daemon.call("GET", "/livez").status == 200, note)
                }
            }
            let told = Set(try daemon.all("/v1/audit", "events").compactMap { $0["request_id"].text })
            #expect(told.subtracting(taken).isEmpty && !told.isEmpty)
            // The inputs are worth something only while they reach the routes as well as the refusals.
            #expect(Set(statuses.keys).isSuperset(of: [200, 201, 400, 404, 422]), "reached \(statuses)")
            #expect(try daemon.process?.status() == nil)
        }
    }
}
