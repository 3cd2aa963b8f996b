import BerthCore
import BerthTestSupport
import Testing

@testable import BerthHost

@Suite struct `Files of /proc about sockets, fuzzed` {
    private struct Row {
        let transport: PortListener.TransportProtocol
        let address: [UInt8]
        let port: Int
        let state: UInt8
        let inode: UInt64

        /// The kernel's line: `%4d: %08X:%04X …`, each four bytes of an address as one number of this machine's order.
        var line: String {
            let words = stride(from: 0, to: address.count, by: 4).map { start in
                let word = address[start..<(start + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                return Row.hexadecimal(UInt64(word), 8)
            }
            let zero = String(repeating: "0", count: address.count * 2)
            return
                "   1: \(words.joined()):\(Row.hexadecimal(UInt64(port), 4)) \(zero):0000 \(Row.hexadecimal(UInt64(state), 2))"
                + " 00000000:00000000 00:00000000 00000000  1000        0 \(inode) 1 0000000000000000 100 0 0 10 0"
        }

        private static func hexadecimal(_ number: UInt64, _ digits: Int) -> String {
            let text = String(number, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }

        init(_ transport: PortListener.TransportProtocol, using random: inout SplitMix64) {
            self.transport = transport
            let any: [UInt8] = (0..<16).map { _ in .random(in: .min ... .max, using: &random) }
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            address = random.pick([
                [127, 0, 0, 1], [0, 0, 0, 0], Array(any.prefix(4)), any, Array(repeating: 0, count: 16),
                mapped + any.prefix(4),
            ])
            port = random.pick([8080, 8080, 1, 65_535, Int.random(in: 1...65_535, using: &random)])
            state = random.pick([0x0A, 0x0A, 0x01, 0x06, 0x07])
            inode = random.pick([0, 17, .random(in: 1 ... .max, using: &random)])
        }

        /// The address as it should read, worked out by hand for IPv4 alone.
        var plain: String? {
            let isMapped =
                address.count == 16 && address.prefix(10).allSatisfy { $0 == 0 }
                && address[10...11].elementsEqual([0xFF, 0xFF])
            guard address.count == 4 || isMapped else { return nil }
            return address.suffix(4).map { String($0) }.joined(separator: ".")
        }
    }

    private static let tokens = [
        ":", " ", "\n", "0A", "06", "1F90", ":1F90", "0100007F", "  sl  local_address", "-", "G", "0 ", "00:00",
    ]
    private static let title =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    private static func table(_ rows: [Row]) -> [UInt8] { Array((title + rows.map { $0.line + "\n" }.joined()).utf8) }

    private static func rows(using random: inout SplitMix64) -> [Row] {
        let transport = random.pick([PortListener.TransportProtocol.tcp, .udp])
        return (0..<random.pick([0, 1, 3, 9])).map { _ in Row(transport, using: &random) }
    }

    @Test func `tell the sockets of a port as they are`() {
        FuzzRun.values("socket table", make: Self.rows) { rows in
            let transport = rows.first?.transport ?? .tcp
            let wanted = rows.filter { $0.port == 8080 && !(transport == .tcp && $0.state == 6) }
            let found = SocketTable.parse(Self.table(rows), 8080, transport)
            guard found.map(\.inode) == wanted.map(\.inode), found.allSatisfy({ $0.transport == transport }) else {
                return "\(found) of \(wanted)"
            }
            let areRight = zip(found, wanted).allSatisfy { entry, row in
                row.plain.map { $0 == entry.address } ?? entry.address.contains(":")
            }
            return areRight ? nil : "\(found) of \(wanted)"
        }
    }

    @Test func `tell every port that is bound`() {
        FuzzRun.values("bound ports", make: Self.rows) { rows in
            let found = BoundPorts.parse(Self.table(rows))
            let expected = Set(rows.filter { $0.inode != 0 }.compactMap { Port($0.port) })
            return found == expected ? nil : "\(found) and not \(expected)"
        }
    }

    @Test func `that are changed tell nothing that does not stand there`() {
        FuzzRun.bytes("socket table changed") { random in
            Mutation.of(Self.table(Self.rows(using: &random)), tokens: Self.tokens, using: &random)
        } fault: { bytes in
            let stands = { (text: String) in bytes.firstRange(of: Array(text.utf8)) != nil }
            for transport in [PortListener.TransportProtocol.tcp, .udp] {
                let found = SocketTable.parse(bytes, 8080, transport)
                guard found.count <= bytes.split(separator: 0x0A).count else { return "\(found.count) sockets" }
                guard found.allSatisfy({ stands(String($0.inode)) }) else { return "\(found)" }
                guard found.isEmpty || stands(":1F90") else { return "\(found) of no such port" }
            }
            let areThere = BoundPorts.parse(bytes).allSatisfy { port in
                let digits = String(port.number, radix: 16)
                return stands(digits) || stands(digits.uppercased()) || stands(digits.mixedCase(in: bytes))
            }
            return areThere ? nil : "ports that do not stand there"
        }
    }

    @Test func `tell the kernel's own range of ports`() {
        FuzzRun.values("ephemeral range") { random in
            let ends = [Int.random(in: 1...65_535, using: &random), Int.random(in: 1...65_535, using: &random)].sorted()
            return (ends[0], ends[1], random.pick(["\t", " ", "\t\t", "\u{A}"]))
        } fault: { first, last, blank in
            let range = EphemeralRange.parse("\(first)\(blank)\(last)")
            return range.map { $0.numbers == first...last } ?? false ? nil : "\(first) \(last)"
        }
        FuzzRun.bytes("ephemeral range changed") { random in
            Mutation.of(Array("32768\t60999".utf8), tokens: ["\t", " ", "-", "0"], using: &random)
        } fault: { bytes in
            guard let range = EphemeralRange.parse(String(decoding: bytes, as: UTF8.self)) else { return nil }
            return (1...65_535).contains(range.numbers.upperBound) ? nil : "\(range)"
        }
    }
}

extension String {
    /// The text as it stands among the bytes, whichever letters of it are capitals.
    fileprivate func mixedCase(in bytes: [UInt8]) -> String {
        let wanted = Array(lowercased().utf8)
        guard bytes.count >= wanted.count else { return self }
        for start in 0...(bytes.count - wanted.count) {
            let piece = bytes[start..<(start + wanted.count)]
            if zip(piece, wanted).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }) {
                return String(decoding: piece, as: UTF8.self)
            }
        }
        return self
    }
}
