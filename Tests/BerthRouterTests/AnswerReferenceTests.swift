import BerthTestSupport
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BerthRouter

/// Random answers, read by swift-nio's parser (llhttp) as well.
@Suite struct `Any answer that two parsers take` {
    @Test func `is the same for both where it is well-formed, however it comes in pieces`() {
        var random = SplitMix64(seed: 26)
        for round in 0..<800 {
            let (text, count) = WireSamples.answers(&random)
            let pieces = WireSamples.cut(text, &random)
            let (ours, theirs) = (Self.ours(pieces, count), Self.theirs(pieces, count))
            #expect(
                ours == theirs && ours.filter { !$0.line.hasPrefix("103") }.count == count,
                "round \(round): \(ours) \(theirs)")
        }
    }

    @Test func `is the same for both where it was broken somewhere`() {
        var random = SplitMix64(seed: 11)
        var (taken, refused) = (0, 0)
        for round in 0..<3000 {
            var (text, count) = WireSamples.answers(&random)
            for _ in 0..<Int.random(in: 1...3, using: &random) { WireSamples.spoil(&text, &random) }
            let pieces = WireSamples.cut(text, &random)
            let (ours, theirs) = (Self.ours(pieces, count), Self.theirs(pieces, count))
            #expect(
                zip(ours, theirs).allSatisfy(==),
                "round \(round): \(String(reflecting: String(decoding: text, as: UTF8.self))): \(ours) \(theirs)")
            if ours.isEmpty { refused += 1 } else { taken += 1 }
        }
        #expect(taken > 500 && refused > 500, "\(taken) taken, \(refused) refused")
    }

    private static func ours(_ pieces: [ByteBuffer], _ count: Int) -> [WireSamples.Reading] {
        var reader = MessageReader(answers: WireLimits(maxHeadBytes: 64 * 1024, maxFields: 512))
        var (found, current, whole): ([WireSamples.Reading], WireSamples.Reading?, Int) = ([], nil, 0)
        func take() throws(WireFault) -> Bool {
            // What comes behind the last answer is nobody's.
            guard whole < count else { return false }
            guard current != nil else {
                guard let head = try reader.head() else { return false }
                let framing = try BodyFraming(of: head, toHead: false)
                let reading = WireSamples.Reading(line: "\(head.status)", fields: WireSamples.strings(head.fields))
                if head.status < 200 {
                    found.append(reading)
                } else {
                    current = reading
                    reader.begin(framing)
                }
                return true
            }
            switch try reader.part() {
            case nil: return false
            case .bytes(let bytes): current?.body += Array(bytes.readableBytesView)
            case .end(let trailers): end(trailers)
            }
            return true
        }
        func end(_ trailers: FieldSection?) {
            current?.trailers = trailers.map(WireSamples.strings) ?? []
            if let reading = current { found.append(reading) }
            (current, whole) = (nil, whole + 1)
        }
        do throws(WireFault) {
            for piece in pieces {
                reader.append(piece)
                while try take() {}
            }
            if current != nil, reader.finish() { end(nil) }
        } catch {
            // What was whole before it counts.
        }
        return found
    }

    private static func theirs(_ pieces: [ByteBuffer], _ count: Int) -> [WireSamples.Reading] {
        let decoder = HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward)
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(decoder))
        for _ in 0..<count {
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
            _ = try? channel.writeOutbound(HTTPClientRequestPart.head(head))
        }
        var isWhole = true
        for piece in pieces where isWhole { isWhole = (try? channel.writeInbound(piece)) != nil }
        // The end of the connection may be that of the last answer.
        if isWhole { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        var (found, current): ([WireSamples.Reading], WireSamples.Reading?) = ([], nil)
        while let part = try? channel.readInbound(as: HTTPClientResponsePart.self) {
            switch part {
            case .head(let head):
                let reading = WireSamples.Reading(
                    line: "\(head.status.code)", fields: WireSamples.strings(head.headers))
                if head.status.code < 200 { found.append(reading) } else { current = reading }
            case .body(let bytes): current?.body += Array(bytes.readableBytesView)
            case .end(let trailers):
                current?.trailers = trailers.map(WireSamples.strings) ?? []
                if let reading = current { found.append(reading) }
                current = nil
            }
        }
        _ = try? channel.finish()
        return found
    }
}
