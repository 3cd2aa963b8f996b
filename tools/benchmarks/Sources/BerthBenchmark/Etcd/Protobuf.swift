/// As much of protocol buffers as etcd's leases need (https://protobuf.dev/programming-guides/encoding).
enum Protobuf {
    /// The value of a field.
    enum Value: Equatable {
        case varint(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// One of a fixed width, which no message here has.
        case fixed
    }

    /// A message with one field, an integer.
    static func message(field: UInt8, _ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [field << 3]
        var rest = value
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
        return bytes
    }

    /// The fields of a message by number, the last of each; nil when it is none.
    static func fields(of message: ArraySlice<UInt8>) -> [UInt64: Value]? {
        var fields: [UInt64: Value] = [:]
        var rest = message
        while !rest.isEmpty {
            guard let key = varint(&rest), let value = value(&rest, wireType: key & 7) else { return nil }
            fields[key >> 3] = value
        }
        return fields
    }

    private static func value(_ rest: inout ArraySlice<UInt8>, wireType: UInt64) -> Value? {
        switch wireType {
        case 0: return varint(&rest).map { .varint($0) }
        case 1: return skip(8, &rest)
        case 2:
            guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
            defer { rest = rest.dropFirst(Int(length)) }
            return .bytes(rest.prefix(Int(length)))
        case 5: return skip(4, &rest)
        default: return nil
        }
    }

    private static func skip(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> Value? {
        guard rest.count >= count else { return nil }
        rest = rest.dropFirst(count)
        return .fixed
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 127) << shift
            if byte & 128 == 0 { return value }
        }
        return nil
    }
}
