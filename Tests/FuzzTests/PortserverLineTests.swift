import BerthTestSupport
import Testing

@testable import BerthServer

/// Whatever a client of the portserver protocol sends, against what Swift's own reader makes of it.
@Suite struct `A line of the portserver protocol, fuzzed` {
    @Test func `names the process of its digits, or none`() {
        FuzzRun.bytes("portserver line") { random in
            let alphabet = Array("0123456789012345678901234567890123456789\n\n\r+- x\u{0}é".utf8)
            return (0..<random.pick([1, 3, 8, 12, 22, 60])).map { _ in random.pick(alphabet) }
        } fault: { bytes in
            let line = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
            let text = String(decoding: line[0], as: UTF8.self)
            let digits = text.utf8.last == 13 ? String(text.utf8.dropLast()) ?? "" : text
            let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (48...57).contains($0) }
            let pid = isNumber && line[0].count <= 20 ? Int32(digits).flatMap { $0 > 0 ? $0 : nil } : nil
            switch PortserverRequest(bytes) {
            case .port(let found): return line.count == 2 && line[1].isEmpty && found == pid ? nil : "reads \(found)"
            case .incomplete: return line.count == 1 && line[0].count <= 20 ? nil : "waits for more"
            case .malformed: return line.count == 2 && line[1].isEmpty && pid != nil ? "refuses \(digits)" : nil
            }
        }
    }
}
