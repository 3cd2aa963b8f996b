import BerthCore
import BerthTestSupport
import Testing

@Suite struct `A block of ports` {
    @Test func `holds at least one port`() throws {
        #expect(PortBlock(first: try port(100), count: 0) == nil)
        #expect(PortBlock(first: try port(100), count: -1) == nil)
        #expect(PortBlock(first: try port(100), last: try port(99)) == nil)
        #expect(PortBlock(first: try port(100), last: try port(100)) == PortBlock(try port(100)))
    }

    @Test func `never runs past the highest port`() throws {
        #expect(PortBlock(first: try port(65_535), count: 1) != nil)
        #expect(PortBlock(first: try port(65_535), count: 2) == nil)
        #expect(PortBlock(first: try port(1), count: 65_535)?.last == Port(65_535))
        #expect(PortBlock(first: try port(1), count: 65_536) == nil)
    }

    @Test func `tells its bounds, its ports and its text`() throws {
        let block = try block(20_000, 3)
        #expect(block.numbers == 20_000...20_002)
        #expect(block.ports.map(\.number) == [20_000, 20_001, 20_002])
        #expect(block.first.number == 20_000 && block.last.number == 20_002)
        #expect(block.description == "20000-20002")
        #expect(PortBlock(block.first).description == "20000")
    }

    @Test func `is the same by its count as by its last port`() throws {
        #expect(try block(20_000, 6) == PortBlock(first: try port(20_000), last: try port(20_005)))
    }

    @Test(arguments: [(19_999, false), (20_000, true), (20_005, true), (20_006, false)])
    func `contains the ports from the first to the last`(number: Int, isInside: Bool) throws {
        #expect(try block(20_000, 6).contains(try port(number)) == isInside)
    }

    /// First port and count of another block, held against 20000-20005.
    @Test(arguments: [
        (19_999, 1, false, false), (19_999, 2, false, true), (20_000, 6, true, true), (20_002, 2, true, true),
        (20_005, 1, true, true), (20_005, 2, false, true), (20_006, 1, false, false), (19_000, 2_000, false, true),
    ])
    func `contains or overlaps another`(first: Int, count: Int, contains: Bool, overlaps: Bool) throws {
        let (block, other) = (try block(20_000, 6), try block(first, count))
        #expect(block.contains(other) == contains)
        #expect(block.overlaps(other) == overlaps)
        #expect(other.overlaps(block) == overlaps)
    }

    private func port(_ number: Int) throws -> Port { try #require(Port(number)) }

    private func block(_ first: Int, _ count: Int) throws -> PortBlock {
        let port = try port(first)
        return try #require(PortBlock(first: port, count: count))
    }
}
