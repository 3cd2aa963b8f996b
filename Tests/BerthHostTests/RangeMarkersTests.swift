import BerthCore
import CBerthLinux
import Glibc
import Synchronization
import Testing

@testable import BerthHost

@Suite struct `Marking port ranges` {
    private func block(_ first: Int, _ last: Int) throws -> PortBlock {
        let ends = (try #require(Port(first)), try #require(Port(last)))
        return try #require(PortBlock(first: ends.0, last: ends.1))
    }

    private func ownMarkers() throws -> Set<RangeMarker> {
        RangeMarker.parse(try ProcFile.bytes("/proc/self/net/unix")).filter { $0.pid == getpid() }
    }

    @Test func `shows the ranges until it closes`() throws {
        let ranges = [try block(20_001, 20_500), try block(20_700, 20_700)]
        let markers = try RangeMarkers.mark(ranges)
        #expect(Set(try ownMarkers().map(\.range)).isSuperset(of: ranges))
        #expect(try RangeMarkers.others().allSatisfy { !ranges.contains($0.range) || $0.pid != getpid() })
        TestChild.spawning.withLock { _ in
            markers.close()
            markers.close()
        }
        #expect(try ownMarkers().allSatisfy { !ranges.contains($0.range) })
    }

    @Test func `takes the markers away with the last reference`() throws {
        let range = try block(21_001, 21_002)
        try TestChild.spawning.withLock { _ in
            let markers = try RangeMarkers.mark([range, range])
            #expect(try ownMarkers().contains { $0.range == range })
            withExtendedLifetime(markers) {}
        }
        #expect(try ownMarkers().allSatisfy { $0.range != range })
    }

    @Test func `sees another process's marker, and one of another namespace with our PID`() throws {
        let range = try block(22_001, 22_009)
        let foreign = RangeMarker(range: range, pid: 1, pidNamespace: 5)
        let twin = RangeMarker(range: range, pid: getpid(), pidNamespace: 5)
        let descriptors = [foreign, twin].map { marker in
            let name = marker.name(nonce: UInt32(getpid()))
            return berth_bind_abstract(name, name.utf8.count)
        }
        defer { for descriptor in descriptors { close(descriptor) } }
        #expect(descriptors.allSatisfy { $0 >= 0 })
        let seen = try RangeMarkers.others().filter { $0.range == range }.map(\.pid)
        #expect(seen == [1, getpid()].sorted())
    }

    @Test func `reads back the name it writes`() throws {
        let marker = RangeMarker(range: try block(1, 65_535), pid: .max, pidNamespace: .max)
        #expect(RangeMarker(name: marker.name(nonce: .max)) == marker)
        #expect(marker.name(nonce: .max).utf8.count <= 107)
    }

    @Test(arguments: [
        "", "berth/range/", "berth/range/1-2", "berth/range/1-2/3", "berth/range/2-1/3/4/5", "berth/range/0-9/3/4/5",
        "berth/range/1-65536/3/4/5", "berth/range/1-2/0/4/5", "berth/range/1-2/-3/4/5", "berth/range/1-2-3/3/4/5",
        "berth/range/1-2/99999999999/4/5", "berth/range/1-2/3/4/5/6", "other/range/1-2/3/4/5", "berth/range/-/3/4/5",
    ])
    func `takes no other name for a marker`(_ name: String) {
        #expect(RangeMarker(name: name) == nil)
    }

    @Test func `reads the kernel's table and skips hostile lines`() throws {
        let good = "0000000000000000: 00000002 00000000 00000000 0001 01 31337 @berth/range/5-6/7/8/9"
        let text = """
            Num       RefCount Protocol Flags    Type St Inode Path
            \(good)
            0000000000000000: 00000003 00000000 00000000 0001 03 31338
            0000000000000000: 00000003 00000000 00000000 0001 03 31338 /run/x@berth/range/1-2/3/4/5
            @berth/range/1-2/3/4/5
            0000000000000000: 00000003 00000000 00000000 0001 03 31338 @
            """
        let expected = RangeMarker(range: try block(5, 6), pid: 7, pidNamespace: 8)
        #expect(RangeMarker.parse(Array(text.utf8) + [0x0A, 0xFF, 0x40, 0xFE]) == [expected])
        #expect(RangeMarker.parse([]) == [])
    }
}
