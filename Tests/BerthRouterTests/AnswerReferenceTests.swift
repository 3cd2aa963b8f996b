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
        let reader = MessageReader(answers: WireLimits(maxHeadBytes: 64 * 1024, maxFields: 512))
        return WireSamples.ours(reader, pieces, count: count) { head throws(WireFault) in
            let framing = try BodyFraming(of: head, toHead: false)
            let reading = WireSamples.Reading(line: "\(head.status)", fields: WireSamples.strings(head.fields))
            return (reading, head.status < 200 ? nil : framing)
        }
    }

    private static func theirs(_ pieces: [ByteBuffer], _ count: Int) -> [WireSamples.Reading] {
        let decoder = HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward)
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(decoder))
        for _ in 0..<count {
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
            _ = try? channel.writeOutbound(HTTPClientRequestPart.head(head))
        }
        return WireSamples.theirs(channel, pieces) { (head: HTTPResponseHead) in
            let code = head.status.code
            return (WireSamples.Reading(line: "\(code)", fields: WireSamples.strings(head.headers)), code < 200)
        }
    }
}
