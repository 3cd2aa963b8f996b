import BerthCore
import BerthTestSupport
import Testing

@Suite struct `Values, fuzzed` {
    private static let marks = [
        "-", ":", "T", "t", "Z", "z", "+", ".", " ", "24", "60", "00", "99", "02-30", "-00:00", "+24:00",
    ]

    @Test func `that are instants come back as they went, to the millisecond`() {
        let ends: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
        FuzzRun.values("instant") { random in
            Int64.random(in: ends, using: &random)
        } fault: { milliseconds in
            let text = Instant(milliseconds: milliseconds).description
            return Instant(text)?.milliseconds == milliseconds && text.utf8.count == 24 ? nil : text
        }
    }

    @Test func `that are nearly instants are none, or say which`() {
        FuzzRun.bytes("instant changed") { random in
            let text = Instant(milliseconds: .random(in: 0...4_102_444_800_000, using: &random)).description
            return Mutation.of(Array(text.utf8), tokens: Self.marks, using: &random)
        } fault: { bytes in
            guard let instant = Instant(String(decoding: bytes, as: UTF8.self)) else { return nil }
            let fields = String(decoding: bytes, as: UTF8.self).split { !$0.isASCII || !$0.isNumber }.prefix(6)
            let numbers = fields.compactMap { Int($0) }
            guard numbers.count == 6, (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), numbers[3] < 24
            else {
                return "read as \(instant)"
            }
            return Instant(instant.description) == instant ? nil : "\(instant) does not come back"
        }
    }

    @Test func `that are spans never run over the ends of time`() {
        FuzzRun.values("spans") { random in
            let edges: [Int64] = [.min, .max, 0, 1, -1, .random(in: .min ... .max, using: &random)]
            return (random.pick(edges), random.pick(edges))
        } fault: { start, span in
            let sum = Instant(milliseconds: start).advanced(byMilliseconds: span).milliseconds
            return sum == start &+ span || sum == (span < 0 ? .min : .max) ? nil : "\(start) + \(span) = \(sum)"
        }
    }

    @Test func `that are principals are written in one way only`() {
        FuzzRun.bytes("principal") { random in
            let text = random.pick(["uid:0", "uid:1000", "uid:4294967295", "token:ci", "token:admin", "daemon"])
            return Mutation.of(Array(text.utf8), tokens: ["uid:", "token:", ":", "+", "0", "-"], using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let principal = Principal(text) else { return nil }
            return Array(principal.description.utf8) == Array(text.utf8) ? nil : "reads as \(principal)"
        }
    }

    @Test func `that are names hold their alphabet's bytes and no others`() {
        let label = "abcdefghijklmnopqrstuvwxyz0123456789-"
        let holder = label + label.uppercased() + "._:@/"
        FuzzRun.bytes("names") { random in
            Mutation.of(
                Array(random.pick(["alice", "team-1", "a/b@c", "default"]).utf8), tokens: ["/", "..", "%2e", "A", "_"],
                using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let isLabel = (1...63).contains(text.utf8.count) && text.utf8.allSatisfy { label.utf8.contains($0) }
            let isHolder = (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { holder.utf8.contains($0) }
            let found = [
                AgentName(rawValue: text)?.rawValue, PoolName(rawValue: text)?.rawValue,
                TokenName(rawValue: text)?.rawValue,
                SessionName(rawValue: text)?.rawValue, LeaseName(rawValue: text)?.rawValue,
            ]
            let expected = [isLabel, isLabel, isLabel, isHolder, isHolder].map { $0 ? text : nil }
            return found == expected ? nil : "\(found)"
        }
    }

    @Test func `that are runs of ports hold exactly those ports`() {
        FuzzRun.values("runs of ports") { random in
            let start = random.pick([1, 20_000, 65_000])
            return (start...min(65_535, start + 60)).filter { _ in random.happens(inPercent: 60) }.map { Port.of($0) }
        } fault: { ports in
            let runs = PortBlock.runs(of: ports)
            let areApart = zip(runs, runs.dropFirst()).allSatisfy { Int($0.last.number) + 1 < Int($1.first.number) }
            return runs.flatMap(\.ports) == ports && areApart ? nil : "\(runs)"
        }
    }
}
