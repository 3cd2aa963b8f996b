import BerthCore
import BerthTestSupport
import Testing

@testable import BerthClient
@testable import BerthCommandLine

@Suite struct `Words on a command line, fuzzed` {
    @Test func `that are lengths of time add up`() {
        FuzzRun.values("duration") { random in
            let parts: [Int64] = [86_400, 3600, 60, 1].map { unit in
                random.happens(inPercent: 50) ? 0 : unit * Int64.random(in: 0...10_000, using: &random)
            }
            let units = zip(parts, [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] as [(Int64, String)])
            let text = units.filter { $0.0 > 0 }.map { "\($0.0 / $0.1.0)\($0.1.1)" }.joined()
            return (text.isEmpty ? "0" : text, parts.reduce(0, +))
        } fault: { (text: String, seconds: Int64) -> String? in
            DurationText.seconds(text) == seconds
                ? nil : "\(text) is \(DurationText.seconds(text) ?? -1) and not \(seconds)"
        }
        FuzzRun.bytes("duration changed") { random in
            let text = random.pick(["300", "5m", "1h30m", "90d", "2d3h4m5s"])
            return Mutation.of(Array(text.utf8), tokens: ["d", "h", "m", "s", "-", " ", "1", "ms"], using: &random)
        } fault: { bytes in
            guard let seconds = DurationText.seconds(String(decoding: bytes, as: UTF8.self)) else { return nil }
            let isDigits = bytes.allSatisfy { "0123456789dhms".utf8.contains($0) }
            return seconds >= 0 && isDigits ? nil : "\(seconds) s"
        }
    }

    @Test func `that are addresses come back as they went`() {
        FuzzRun.bytes("listen address") { random in
            let text = random.pick(["127.0.0.1:7117", "[::1]:7117", "localhost:0", "[fe80::1%eth0]:65535", "none"])
            let tokens = [":", "[", "]", "%", "/", " ", "65536", "::", "."]
            return Mutation.of(Array(text.utf8), tokens: tokens, using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let read = try? ListenAddress.parse(Setting(text, .standard)) else { return nil }
            let again = try? ListenAddress.parse(Setting(read.description, .standard))
            return again == read && (0...65_535).contains(read.port) ? nil : "\(read) does not come back"
        }
    }

    @Test func `get their ports put in, and nothing else`() {
        let tokens = ["{port}", "{port:2}", "${port}", "{port:", "}", "{", "$", "{port:0}", "{port:99}", "{port:-1}"]
        FuzzRun.bytes("placeholders") { random in
            Mutation.of(Array("--port={port} {port:2} ${port}".utf8), tokens: tokens, using: &random)
        } fault: { bytes in
            let expected = Self.filledPlainly(bytes, ports: [20_010, 20_011])
            let filled = try? PortPlaceholders.fill(bytes, ports: [20_010, 20_011])
            return filled == expected ? nil : "\(filled.map(Shrinking.spelt) ?? "none")"
        }
    }

    /// From left to right, byte by byte; nil for a port that there is not.
    private static func filledPlainly(_ bytes: [UInt8], ports: [Int]) -> [UInt8]? {
        var filled: [UInt8] = []
        var place = 0
        while place < bytes.count {
            let rest = bytes[place...]
            let isVariable = place > 0 && bytes[place - 1] == UInt8(ascii: "$")
            if !isVariable, rest.starts(with: "{port".utf8), let end = rest.firstIndex(of: UInt8(ascii: "}")) {
                let inner = rest[(place + 5)..<end]
                let digits = inner.dropFirst()
                if inner.isEmpty {
                    filled += Array("\(ports[0])".utf8)
                    place = end + 1
                    continue
                }
                let isNumber = !digits.isEmpty && digits.allSatisfy { "0123456789".utf8.contains($0) }
                if inner.first == UInt8(ascii: ":"), isNumber {
                    guard let number = Int(String(decoding: digits, as: UTF8.self)), ports.indices.contains(number - 1)
                    else {
                        return nil
                    }
                    filled += Array("\(ports[number - 1])".utf8)
                    place = end + 1
                    continue
                }
            }
            filled.append(bytes[place])
            place += 1
        }
        return filled
    }

    /// Berth takes no sockets from systemd itself, but passes some on in its manner. What its child is told of LISTEN_FDS and
    /// LISTEN_FDNAMES comes this way.
    @Test func `that pass sockets on to a command come back as they went`() {
        FuzzRun.values("listening sockets") { random in
            let count = random.pick([0, 1, 2, 6, 256])
            return ShimOrder(
                orders: .random(in: 0 ... .max, using: &random), report: .random(in: 0 ... .max, using: &random),
                lease: .random(in: 1 ... .max, using: &random),
                inherited: (0..<random.pick([0, 1, 3])).map { _ in .random(in: 3...1024, using: &random) },
                sockets: (0..<count).map { Int32(3 + $0) }, socketNames: (0..<count).map { "port-\($0 + 1)" })
        } fault: { order in
            ShimOrder(arguments: order.arguments + ["--", "run-shim"]) == order ? nil : "\(order)"
        }
        FuzzRun.values("listening sockets changed") { random in
            let words = ["run-shim", "3", "4", "17", "5,6", "7,8", "web:db"]
            let tokens = [",", ":", "-1", "2147483648", "--", "run-shim", ""]
            return words.map { word in
                String(decoding: Mutation.of(Array(word.utf8), tokens: tokens, using: &random), as: UTF8.self)
            }
        } fault: { words in
            guard let order = ShimOrder(arguments: words) else { return nil }
            let isWhole =
                order.sockets.count == order.socketNames.count && !order.socketNames.contains { $0.contains(":") }
            return isWhole && ShimOrder(arguments: order.arguments) == order ? nil : "\(order) of \(words)"
        }
    }

    @Test func `and events that come in pieces are the same as in one`() {
        let stream =
            ": berth\n\nid: 1\nevent: lease.granted\ndata: {\"seq\":1}\n\nid: 2\r\ndata:a\r\ndata: b\r\n\r\ndata\n\n"
        let tokens = ["\n", "\r", "\r\n", ":", "data:", "id:", "event:", " ", "retry: 1"]
        FuzzRun.bytes("events") { random in
            Mutation.of(Array(stream.utf8), tokens: tokens, using: &random)
        } fault: { bytes in
            var whole = EventParser()
            let expected = whole.take(bytes)
            for size in [1, 3, 7] {
                var pieces = EventParser()
                let found = stride(from: 0, to: bytes.count, by: size).flatMap { start in
                    pieces.take(bytes[start..<min(bytes.count, start + size)])
                }
                guard found == expected else { return "\(found) and not \(expected)" }
            }
            return expected.contains { $0.data.utf8.count > bytes.count * 3 } ? "more than came" : nil
        }
    }
}
