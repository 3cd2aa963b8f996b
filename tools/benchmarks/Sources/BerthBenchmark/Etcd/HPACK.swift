/// As much of HPACK (RFC 7541) as a client needs that talks about no more than one field.
///
/// It writes every field without the dynamic table, and asks the server to do the same (a table of 0 bytes), so that a
/// block of fields can be read by itself.
enum HPACK {
    /// The fields of the static table that a call has (RFC 7541, appendix A).
    private enum Static {
        static let authority = 1
        static let methodPOST = 3
        static let path = 4
        static let schemeHTTP = 6
        static let contentType = 31
        static let last = 61
    }

    /// The header of a gRPC call.
    static func callHeader(authority: String, path: String) -> [UInt8] {
        var block: [UInt8] = [0x80 | UInt8(Static.methodPOST), 0x80 | UInt8(Static.schemeHTTP)]
        appendField(Static.path, path, to: &block)
        appendField(Static.authority, authority, to: &block)
        appendField(Static.contentType, "application/grpc", to: &block)
        // A literal without indexing, with a name of its own (RFC 7541, 6.2.2).
        block.append(0)
        appendText("te", to: &block)
        appendText("trailers", to: &block)
        return block
    }

    private static func appendField(_ name: Int, _ value: String, to block: inout [UInt8]) {
        appendNumber(name, prefix: 4, first: 0, to: &block)
        appendText(value, to: &block)
    }

    private static func appendText(_ text: String, to block: inout [UInt8]) {
        appendNumber(text.utf8.count, prefix: 7, first: 0, to: &block)
        block += Array(text.utf8)
    }

    /// RFC 7541, 5.1.
    private static func appendNumber(_ value: Int, prefix: Int, first: UInt8, to block: inout [UInt8]) {
        let limit = (1 << prefix) - 1
        guard value >= limit else {
            block.append(first | UInt8(value))
            return
        }
        block.append(first | UInt8(limit))
        var rest = value - limit
        while rest >= 128 {
            block.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        block.append(UInt8(rest))
    }

    // MARK: Reading

    /// Text as it stands in a block; the Huffman code is left as it is.
    private struct Text: Equatable {
        let isHuffman: Bool
        let bytes: [UInt8]
    }

    /// `grpc-status` and `0`, each as it is and in the Huffman code (RFC 7541, appendix B).
    private static let statusNames = [
        Text(isHuffman: false, bytes: Array("grpc-status".utf8)),
        Text(isHuffman: true, bytes: [0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f]),
    ]
    private static let zeros = [
        Text(isHuffman: false, bytes: [UInt8(ascii: "0")]), Text(isHuffman: true, bytes: [0x07]),
    ]

    /// Whether a block says `grpc-status: 0`. A block that cannot be read does not.
    static func saysOK(_ block: ArraySlice<UInt8>) -> Bool {
        var rest = block
        while let first = rest.first {
            if first & 0x80 != 0 {
                // A whole field of the static table, which has no grpc-status.
                guard let index = number(&rest, prefix: 7), 1...Static.last ~= index else { return false }
            } else if first & 0xe0 == 0x20 {
                // The table's size.
                guard number(&rest, prefix: 5) != nil else { return false }
            } else {
                guard let name = number(&rest, prefix: first & 0x40 != 0 ? 6 : 4), name <= Static.last else {
                    return false
                }
                let literal = name == 0 ? text(&rest) : nil
                guard let value = text(&rest), name > 0 || literal != nil else { return false }
                if let literal, statusNames.contains(literal) { return zeros.contains(value) }
            }
        }
        return false
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, prefix: Int) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        let limit = (1 << prefix) - 1
        var value = Int(first) & limit
        guard value == limit else { return value }
        for shift in stride(from: 0, through: 28, by: 7) {
            guard let next = rest.popFirst() else { return nil }
            value += Int(next & 127) << shift
            if next & 128 == 0 { return value }
        }
        return nil
    }

    private static func text(_ rest: inout ArraySlice<UInt8>) -> Text? {
        guard let first = rest.first, let length = number(&rest, prefix: 7), rest.count >= length else { return nil }
        defer { rest = rest.dropFirst(length) }
        return Text(isHuffman: first & 0x80 != 0, bytes: Array(rest.prefix(length)))
    }
}
