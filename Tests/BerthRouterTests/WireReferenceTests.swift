import BerthTestSupport
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BerthRouter

/// Random requests, read by swift-nio's parser (llhttp) as well.
@Suite struct `Any request that two parsers take` {
    /// One request as a parser read it.
    private struct Reading: Equatable {
        var line: String
        /// Names and values, one after the other.
        var fields: [String]
        var body: [UInt8] = []
        var trailers: [String] = []
    }

    @Test func `is the same for both where it is well-formed, however it comes in pieces`() {
        var random = SplitMix64(seed: 20_261_126)
        for round in 0..<1500 {
            let text = Self.requests(&random)
            let pieces = Self.cut(text, &random)
            let (ours, theirs) = (Self.ours(pieces), Self.theirs(pieces))
            #expect(ours == theirs && !ours.isEmpty, "round \(round): \(ours) \(theirs)")
        }
    }

    @Test func `is the same for both where it was broken somewhere`() {
        var random = SplitMix64(seed: 3)
        var (taken, refused) = (0, 0)
        for round in 0..<6000 {
            var text = Self.requests(&random)
            for _ in 0..<Int.random(in: 1...3, using: &random) { Self.spoil(&text, &random) }
            let pieces = Self.cut(text, &random)
            let (ours, theirs) = (Self.ours(pieces), Self.theirs(pieces))
            // Each takes what it takes; nothing that both take means something else to one of them.
            #expect(
                zip(ours, theirs).allSatisfy(==),
                "round \(round): \(String(reflecting: String(decoding: text, as: UTF8.self))): \(ours) \(theirs)")
            if ours.isEmpty { refused += 1 } else { taken += 1 }
        }
        #expect(taken > 1000 && refused > 1000, "\(taken) taken, \(refused) refused")
    }

    // MARK: The parsers

    private static func ours(_ pieces: [ByteBuffer]) -> [Reading] {
        var reader = MessageReader(requests: WireLimits(maxHeadBytes: 16 * 1024, maxFields: 128))
        var (found, current): ([Reading], Reading?) = ([], nil)
        func take() throws(WireFault) -> Bool {
            guard current != nil else {
                guard let head = try reader.head() else { return false }
                // What the router makes of it: a framing that is not clear is refused with the request.
                guard let framing = try? BodyFraming(of: head) else { throw .malformed }
                current = Reading(
                    line: "\(head.fields.string(head.methodPlace)) \(head.target)", fields: strings(head.fields))
                reader.begin(framing)
                return true
            }
            switch try reader.part() {
            case nil: return false
            case .bytes(let bytes): current?.body += Array(bytes.readableBytesView)
            case .end(let trailers):
                current?.trailers = trailers.map(strings) ?? []
                if let whole = current { found.append(whole) }
                current = nil
            }
            return true
        }
        do throws(WireFault) {
            for piece in pieces {
                reader.append(piece)
                while try take() {}
            }
        } catch {
            // What was whole before it counts.
        }
        return found
    }

    private static func strings(_ section: FieldSection) -> [String] {
        section.fields.flatMap { [section.string($0.name), section.string($0.value)] }
    }

    /// Blanks behind a value are none of it (RFC 9112, 5.1); swift-nio hands them on.
    private static func strings(_ headers: HTTPHeaders) -> [String] {
        headers.flatMap { name, value in
            [name, String(decoding: value.utf8.reversed().drop(while: WireSyntax.isBlank).reversed(), as: UTF8.self)]
        }
    }

    private static func theirs(_ pieces: [ByteBuffer]) -> [Reading] {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        for piece in pieces where (try? channel.writeInbound(piece)) == nil { break }
        var (found, current): ([Reading], Reading?) = ([], nil)
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head):
                current = Reading(
                    line: "\(head.method.rawValue) \(head.uri)", fields: strings(head.headers))
            case .body(let bytes): current?.body += Array(bytes.readableBytesView)
            case .end(let trailers):
                current?.trailers = trailers.map(strings) ?? []
                if let whole = current { found.append(whole) }
                current = nil
            }
        }
        _ = try? channel.finish()
        return found
    }

    // MARK: Requests

    private static func requests(_ random: inout SplitMix64) -> [UInt8] {
        (0..<Int.random(in: 1...3, using: &random)).flatMap { _ in request(&random) }
    }

    private static func request(_ random: inout SplitMix64) -> [UInt8] {
        let target = random.pick(["/", "/s/alice/planner/?a=%20&b", "*", "http://h:1/x", "/{x}|^`\"<>\\"])
        var lines = ["\(random.pick(["GET", "POST", "PUT", "DELETE", "OPTIONS", "SEARCH"])) \(target) HTTP/1.1"]
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let name = random.pick(["Host", "Accept", "x", "X_Y", "a!#$%&'*+-.^_`|~9", "Cookie", "Content_Length"])
            let value = random.pick(["", "x", "a b", "\"q,\\\"\"", "é", "x\ty", "5"])
            lines.append(name + ":" + random.pick(["", " ", "\t ", "  "]) + value + random.pick(["", " ", "\t"]))
        }
        var body = ""
        switch random.pick([0, 1, 2]) {
        case 0: break
        case 1:
            body = random.pick(["", "x", "GET / HTTP/1.1\r\n\r\n", "0\r\n\r\n"])
            lines.append("\(random.pick(["Content-Length", "content-length"])): \(body.utf8.count)")
        default:
            lines.append("Transfer-Encoding: chunked")
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let chunk = random.pick(["a", "\r\n", "GET / HTTP/1.1\r\n\r\n", String(repeating: "z", count: 40)])
                body += String(chunk.utf8.count, radix: 16, uppercase: random.happens(inPercent: 50))
                body += random.pick(["", ";a", ";a=b;c=\"d\""]) + "\r\n" + chunk + "\r\n"
            }
            body +=
                random.pick(["0", "000", "0;x"]) + "\r\n" + random.pick(["", "X-Sum: 1\r\n", "A:\r\nB: c \r\n"])
                + "\r\n"
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    /// Changes, adds or takes away one octet, most of them such that have a meaning.
    private static func spoil(_ text: inout [UInt8], _ random: inout SplitMix64) {
        let odd = Array("\r\n\r\n :;,\t0aA1-\"\u{0}\u{7f}\u{b}".utf8) + [0x80, 0xFF]
        let place = Int.random(in: text.indices, using: &random)
        switch random.pick([0, 1, 2, 3]) {
        case 0: text[place] = random.pick(odd)
        case 1: text.insert(random.pick(odd), at: place)
        case 2: if text.count > 1 { text.remove(at: place) }
        default:
            let line = random.pick([
                "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
            ])
            guard let end = text.indices.dropFirst().first(where: { text[$0 - 1] == 13 && text[$0] == 10 }) else {
                return
            }
            text.insert(contentsOf: line.utf8, at: end + 1)
        }
    }

    private static func cut(_ text: [UInt8], _ random: inout SplitMix64) -> [ByteBuffer] {
        let size = random.pick([1, 2, 7, 64, text.count])
        return Transcript.pieces(text, max(1, size))
    }
}
