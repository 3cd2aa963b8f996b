import BerthTestSupport
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import BerthRouter

/// Random messages, whole and broken, and what two parsers make of them.
enum WireSamples {
    /// One message as a parser read it.
    struct Reading: Equatable {
        var line: String
        /// Names and values, one after the other.
        var fields: [String]
        var body: [UInt8] = []
        var trailers: [String] = []
    }

    static func strings(_ section: FieldSection) -> [String] {
        section.fields.flatMap { [section.string($0.name), section.string($0.value)] }
    }

    /// Blanks behind a value are none of it (RFC 9112, 5.1); swift-nio hands them on.
    static func strings(_ headers: HTTPHeaders) -> [String] {
        headers.flatMap { name, value in
            [name, String(decoding: value.utf8.reversed().drop(while: WireSyntax.isBlank).reversed(), as: UTF8.self)]
        }
    }

    /// What a reader of ours makes of pieces, up to a fault; what was whole before it counts.
    /// - Parameters:
    ///   - count: of messages that are waited for.
    ///   - begin: says what a head begins, and how its body ends; nil where there is none and another head follows.
    static func ours<Head>(
        _ reader: MessageReader<Head>, _ pieces: [ByteBuffer], count: Int = .max,
        begin: (Head) throws(WireFault) -> (Reading, BodyFraming?)
    ) -> [Reading] {
        var (reader, readings) = (reader, Readings())
        func take() throws(WireFault) -> Bool {
            // What comes behind the last message is nobody's.
            guard readings.count < count else { return false }
            if readings.isInMessage {
                guard let part = try reader.part() else { return false }
                switch part {
                case .bytes(let bytes): readings.add(bytes)
                case .end(let trailers): readings.end(trailers.map(strings))
                }
            } else {
                guard let head = try reader.head() else { return false }
                let (reading, framing) = try begin(head)
                readings.begin(reading, isInterim: framing == nil)
                if let framing { reader.begin(framing) }
            }
            return true
        }
        do throws(WireFault) {
            for piece in pieces {
                reader.append(piece)
                while try take() {}
            }
            // The end of the connection may be that of the last one.
            if readings.isInMessage, reader.finish() { readings.end(nil) }
        } catch {
            return readings.found
        }
        return readings.found
    }

    /// What swift-nio's parser makes of pieces.
    static func theirs<Head: Equatable>(
        _ channel: EmbeddedChannel, _ pieces: [ByteBuffer], begin: (Head) -> (Reading, isInterim: Bool)
    ) -> [Reading] {
        var isWhole = true
        for piece in pieces where isWhole { isWhole = (try? channel.writeInbound(piece)) != nil }
        if isWhole { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        var readings = Readings()
        while let part = try? channel.readInbound(as: HTTPPart<Head, ByteBuffer>.self) {
            switch part {
            case .head(let head):
                let (reading, isInterim) = begin(head)
                readings.begin(reading, isInterim: isInterim)
            case .body(let bytes): readings.add(bytes)
            case .end(let trailers): readings.end(trailers.map(strings))
            }
        }
        _ = try? channel.finish()
        return readings.found
    }

    private struct Readings {
        private(set) var found: [Reading] = []
        /// Without those of status 1xx.
        private(set) var count = 0
        private var current: Reading?

        var isInMessage: Bool { current != nil }

        mutating func begin(_ reading: Reading, isInterim: Bool) {
            if isInterim { found.append(reading) } else { current = reading }
        }

        mutating func add(_ bytes: ByteBuffer) { current?.body += Array(bytes.readableBytesView) }

        mutating func end(_ trailers: [String]?) {
            current?.trailers = trailers ?? []
            if let reading = current { found.append(reading) }
            (current, count) = (nil, count + 1)
        }
    }

    static func requests(_ random: inout SplitMix64) -> [UInt8] {
        (0..<Int.random(in: 1...3, using: &random)).flatMap { _ in
            let target = random.pick(["/", "/s/alice/planner/?a=%20&b", "*", "http://h:1/x", "/{x}|^`\"<>\\"])
            let method = random.pick(["GET", "POST", "PUT", "DELETE", "OPTIONS", "SEARCH"])
            return message("\(method) \(target) HTTP/1.1", isClosing: false, &random)
        }
    }

    /// The answers to as many requests. The last may end with its connection.
    static func answers(_ random: inout SplitMix64) -> (text: [UInt8], count: Int) {
        let count = Int.random(in: 1...3, using: &random)
        let text = (1...count).flatMap { number in
            let line = random.pick(["200 OK", "404 ", "500 Not  so \u{e9}", "299 x"])
            let interim = random.happens(inPercent: 15) ? Array("HTTP/1.1 103 Early\r\nLink: x\r\n\r\n".utf8) : []
            return interim + message("HTTP/1.1 " + line, isClosing: number == count, &random)
        }
        return (text, count)
    }

    private static func message(_ line: String, isClosing: Bool, _ random: inout SplitMix64) -> [UInt8] {
        var lines = [line]
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let name = random.pick(["Host", "Accept", "x", "X_Y", "a!#$%&'*+-.^_`|~9", "Cookie", "Content_Length"])
            let value = random.pick(["", "x", "a b", "\"q,\\\"\"", "\u{e9}", "x\ty", "5"])
            lines.append(name + ":" + random.pick(["", " ", "\t ", "  "]) + value + random.pick(["", " ", "\t"]))
        }
        var body = ""
        switch random.pick([0, 1, 2]) {
        case 0 where isClosing: body = random.pick(["", "x", "HTTP/1.1 200 OK\r\n\r\n"])
        case 0 where !line.hasPrefix("HTTP"): break
        case 2:
            lines.append("Transfer-Encoding: chunked")
            body = chunks(&random)
        default:
            body = random.pick(["", "x", "GET / HTTP/1.1\r\n\r\n", "0\r\n\r\n"])
            lines.append("\(random.pick(["Content-Length", "content-length"])): \(body.utf8.count)")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    private static func chunks(_ random: inout SplitMix64) -> String {
        var body = ""
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let chunk = random.pick(["a", "\r\n", "GET / HTTP/1.1\r\n\r\n", String(repeating: "z", count: 40)])
            body += String(chunk.utf8.count, radix: 16, uppercase: random.happens(inPercent: 50))
            body += random.pick(["", ";a", ";a=b;c=\"d\""]) + "\r\n" + chunk + "\r\n"
        }
        return body + random.pick(["0", "000", "0;x"]) + "\r\n"
            + random.pick(["", "X-Sum: 1\r\n", "A:\r\nB: c \r\n"]) + "\r\n"
    }

    /// Changes, adds or takes away one octet, most of them such that have a meaning; or adds a field that frames.
    static func spoil(_ text: inout [UInt8], _ random: inout SplitMix64) {
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

    static func cut(_ text: [UInt8], _ random: inout SplitMix64) -> [ByteBuffer] {
        let size = random.pick([1, 2, 7, 64, text.count])
        return Transcript.pieces(text, max(1, size))
    }
}
