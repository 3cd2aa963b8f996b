import BerthCore
import BerthTestSupport
import Foundation
import Testing

@testable import BerthRouter

/// Random cards around a few URLs, read by Foundation before and after.
@Suite struct `Any card` {
    private static let inside = "http://127.0.0.1:20000/p"
    private static let outside = "http://r/s/a/b"

    @Test func `keeps everything but the URLs of its interfaces and its signatures`() throws {
        let rewriting = CardRewriting(bases: [20_000: Self.outside])
        var random = SplitMix64(seed: 20_261_126)
        var changes = 0
        for round in 0..<3000 {
            let (card, expected) = Self.card(&random)
            let changed = rewriting.rewrite(Array(card.utf8)).map { String(decoding: $0, as: UTF8.self) }
            #expect((changed == nil) == (card == expected), "round \(round): \(card)")
            let text = changed ?? card
            #expect(text == expected, "round \(round): \(card)")
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
            if changed != nil { changes += 1 }
            // Once more there is nothing to do.
            if let changed { #expect(rewriting.rewrite(Array(changed.utf8)) == nil) }
        }
        #expect(changes > 500)
    }

    @Test func `that was broken somewhere passes or stays JSON`() throws {
        let rewriting = CardRewriting(bases: [20_000: Self.outside])
        var random = SplitMix64(seed: 7)
        for _ in 0..<3000 {
            var bytes = Array(Self.card(&random).card.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                switch random.pick([0, 1, 2]) {
                case 0: bytes[place] = random.pick(Array("{}[]\",:\\u0tn1.e- \u{1}".utf8))
                case 1: bytes.insert(random.pick(Array("{}[]\",:\\".utf8)), at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            guard let changed = rewriting.rewrite(bytes) else { continue }
            #expect(JSONDocument(changed) != nil)
            // Foundation takes no number that no Double holds, and no half of a surrogate pair.
            if Self.isJSON(bytes) { #expect(Self.isJSON(changed), "\(String(decoding: bytes, as: UTF8.self))") }
        }
    }

    private static func isJSON(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
    }

    /// A card as an agent may write it, and as it must become.
    private static func card(_ random: inout SplitMix64) -> (card: String, expected: String) {
        var members: [(from: String, to: String?)] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            switch random.pick(["other", "other", "url", "interfaces", "signatures"]) {
            case "url":
                let (from, to) = url(&random)
                members.append(("\"url\":\(from)", "\"url\":\(to)"))
            case "interfaces":
                let name = random.pick(["supportedInterfaces", "additionalInterfaces"])
                let (from, to) = (url(&random), url(&random))
                let other = value(&random, depth: 2)
                let text = { (a: String, b: String) in "\"\(name)\":[{\"x\":\(other),\"url\":\(a)}, {\"url\" :\(b) }]" }
                members.append((text(from.from, to.from), text(from.to, to.to)))
            case "signatures": members.append(("\"signatures\":\(value(&random, depth: 2))", nil))
            default:
                let text = "\"\(random.pick(["a", "name", "é", "URL", "urls"]))\": \(value(&random, depth: 4))"
                members.append((text, text))
            }
        }
        let from = "{" + members.map(\.from).joined(separator: ",") + "}"
        guard members.contains(where: { $0.to != nil && $0.to != $0.from }) else { return (from, from) }
        return (from, "{" + members.compactMap(\.to).joined(separator: ",") + "}")
    }

    private static func url(_ random: inout SplitMix64) -> (from: String, to: String) {
        let path = random.pick(["", "/x", "?q=\\\"", "/\\u00e9", "/é"])
        guard random.happens(inPercent: 60) else {
            let other = random.pick(["\"http://127.0.0.1:20001\(path)\"", "null", "[\"\(inside)\"]", "\"\""])
            return (other, other)
        }
        let written = path.replacing("\\u00e9", with: "é")
        return ("\"\(inside)\(path)\"", "\"\(outside)/p\(written)\"")
    }

    private static func value(_ random: inout SplitMix64, depth: Int) -> String {
        let blank = random.pick(["", " ", "\n\t"])
        switch random.pick(depth > 0 ? [0, 1, 2, 3, 4, 5, 6] : [0, 1, 2]) {
        case 0:
            return random.pick(["1", "-0", "1.10", "1e9", "12345678901234567890", "0.1E-2", "true", "false", "null"])
        case 1: return random.pick(["\"\"", "\"a\\\\\"", "\"\\\"}\"", "\"\\u0041\\ud83d\\ude00\"", "\"é😀,]\""])
        case 2: return "\"\(inside)\""
        case 3: return "[" + blank + "]"
        case 4: return "{" + blank + "}"
        case 5:
            return "[" + value(&random, depth: depth - 1) + blank + "," + value(&random, depth: depth - 1) + "]"
        default:
            let name = random.pick(["url", "signatures", "supportedInterfaces", "k"])
            return "{" + blank + "\"\(name)\"" + blank + ":" + value(&random, depth: depth - 1) + "}"
        }
    }
}
