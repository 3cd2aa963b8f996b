import Glibc

/// Finds the lease's number in a lease object without decoding it: whatever the generator does not compute is left to
/// the daemon's share of the machine.
enum LeaseIDScanner {
    /// The number after the first member that is named `id`, wherever the encoder has put it. The requests of the
    /// benchmark carry no labels, so no other member of a lease has that name.
    static func id(in body: UnsafeRawBufferPointer) -> UInt64? {
        let name: StaticString = "\"id\""
        guard let base = body.baseAddress else { return nil }
        var start = 0
        while start + name.utf8CodeUnitCount < body.count,
            let found = memchr(base + start, Int32(UInt8(ascii: "\"")), body.count - start)
        {
            let quote = base.distance(to: UnsafeRawPointer(found))
            let end = quote + name.utf8CodeUnitCount
            guard end < body.count else { return nil }
            if memcmp(found, name.utf8Start, name.utf8CodeUnitCount) == 0, let id = value(in: body, from: end) {
                return id
            }
            start = quote + 1
        }
        return nil
    }

    private static func value(in body: UnsafeRawBufferPointer, from start: Int) -> UInt64? {
        var index = start
        while index < body.count, body[index] == UInt8(ascii: " ") { index += 1 }
        guard index < body.count, body[index] == UInt8(ascii: ":") else { return nil }
        return Response.number(body, from: index + 1).map { UInt64($0) }
    }
}
