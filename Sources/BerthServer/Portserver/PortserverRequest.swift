/// What a client of the portserver protocol has sent so far (google/python_portpicker): a PID in decimal digits and a
/// newline, and nothing behind it.
enum PortserverRequest: Hashable {
    /// More has to come.
    case incomplete
    /// A port is wanted for this process.
    case port(pid: Int32)
    /// No PID: the connection is closed without an answer.
    case malformed

    /// The longest line, as of portserver.py.
    static let maxBytes = 20

    /// - Parameter isWhole: the client sends no more. A line needs no newline then.
    init(_ bytes: some BidirectionalCollection<UInt8>, isWhole: Bool = false) {
        let newline = bytes.firstIndex(of: UInt8(ascii: "\n"))
        var line = bytes[..<(newline ?? bytes.endIndex)]
        guard line.count <= Self.maxBytes else {
            self = .malformed
            return
        }
        guard newline.map({ bytes.index(after: $0) == bytes.endIndex }) ?? true else {
            self = .malformed
            return
        }
        guard newline != nil || isWhole else {
            // Nothing that follows makes a number of it.
            self = line.allSatisfy(Self.isDigit) || line.last == Self.carriageReturn ? .incomplete : .malformed
            return
        }
        if line.last == Self.carriageReturn { line = line.prefix(line.count - 1) }
        guard !line.isEmpty, line.allSatisfy(Self.isDigit),
            let pid = Int32(String(decoding: line, as: UTF8.self)), pid > 0
        else {
            self = .malformed
            return
        }
        self = .port(pid: pid)
    }

    private static let carriageReturn = UInt8(ascii: "\r")

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
