import BerthTestSupport
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import BerthRouter

/// Random requests, read by swift-nio's parser (llhttp) as well.
@Suite struct `Any request that two parsers take` {
    @Test func `is the same for both where it is well-formed, however it comes in pieces`() {
        var random = SplitMix64(seed: 20_261_126)
        for round in 0..<800 {
            let text = WireSamples.requests(&random)
            let pieces = WireSamples.cut(text, &random)
            let (ours, theirs) = (Self.ours(pieces), Self.theirs(pieces))
            #expect(ours == theirs && !ours.isEmpty, "round \(round): \(ours) \(theirs)")
        }
    }

    @Test func `is the same for both where it was broken somewhere`() {
        var random = SplitMix64(seed: 3)
        var (taken, refused) = (0, 0)
        for round in 0..<3000 {
            var text = WireSamples.requests(&random)
            for _ in 0..<Int.random(in: 1...3, using: &random) { WireSamples.spoil(&text, &random) }
            let pieces = WireSamples.cut(text, &random)
            let (ours, theirs) = (Self.ours(pieces), Self.theirs(pieces))
            // Each takes what it takes; nothing that both take means something else to one of them.
            #expect(
                zip(ours, theirs).allSatisfy(==),
                "round \(round): \(String(reflecting: String(decoding: text, as: UTF8.self))): \(ours) \(theirs)")
            if ours.isEmpty { refused += 1 } else { taken += 1 }
        }
        #expect(taken > 500 && refused > 500, "\(taken) taken, \(refused) refused")
    }

    // MARK: The parsers

    private static func ours(_ pieces: [ByteBuffer]) -> [WireSamples.Reading] {
        let reader = MessageReader(requests: WireLimits(maxHeadBytes: 16 * 1024, maxFields: 128))
        return WireSamples.ours(reader, pieces) { head throws(WireFault) in
            // What the router makes of it: a framing that is not clear is refused with the request.
            guard let framing = try? BodyFraming(of: head) else { throw .malformed }
            let line = "\(head.fields.string(head.methodPlace)) \(head.target)"
            return (WireSamples.Reading(line: line, fields: WireSamples.strings(head.fields)), framing)
        }
    }

    private static func theirs(_ pieces: [ByteBuffer]) -> [WireSamples.Reading] {
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(decoder))
        return WireSamples.theirs(channel, pieces) { (head: HTTPRequestHead) in
            let line = "\(head.method.rawValue) \(head.uri)"
            return (WireSamples.Reading(line: line, fields: WireSamples.strings(head.headers)), false)
        }
    }
}
