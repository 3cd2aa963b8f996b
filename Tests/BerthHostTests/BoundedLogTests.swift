import BerthCore
import BerthTestSupport
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(2))) struct `The log of an agent` {
    private static let bound: Int64 = 256 << 10

    /// Folders of two kinds of file system: one of them mostly can take a file's front away, the other make a hole of it.
    private static let places = ["/tmp", "/dev/shm"].filter { (folder: String) in access(folder, W_OK) == 0 }

    private func make(_ lines: Range<Int>, _ path: String) throws {
        let text = lines.map { "line \($0)\n" }.joined()
        try write(text, to: path, mode: 0o600)
    }

    private func blocks(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_blocks) * 512 : -1
    }

    private func numbers(_ text: String) -> [Int] {
        text.split(separator: "\n").compactMap { line in
            line.hasPrefix("line ") ? Int(line.dropFirst(5)) : nil
        }
    }

    @Test(arguments: places, BoundedLog.Way.allCases)
    func `keeps its end, from a line's start on`(_ place: String, _ way: BoundedLog.Way) throws {
        let folder = try TemporaryFolder(in: place)
        let path = folder.file("log")
        let log = BoundedLog(path, bound: Self.bound, ways: [way])
        #expect(try !log.trim())
        try make(0..<1000, path)
        #expect(try !log.trim())
        try make(0..<100_000, path)
        // Where the file system does not have this way, nothing changes.
        guard try log.trim() else {
            #expect(way != .copy)
            #expect(try numbers(log.tail(bytes: .max >> 1)) == Array(0..<100_000))
            return
        }
        let kept = try numbers(log.tail(bytes: 1 << 20))
        #expect(kept == Array((kept.first ?? 0)..<100_000))
        // Blocks are given back whole; a line is at most 11 bytes long.
        let bytes = kept.map { "line \($0)\n".utf8.count }.reduce(0, +)
        #expect(bytes <= Self.bound && bytes > Self.bound - 12)
        #expect(blocks(path) <= Self.bound + 65536)
        #expect(try !log.trim())
    }

    /// The third way may lose what is written just then, and is for file systems that have no other.
    @Test(arguments: places)
    func `loses nothing while it is written`(_ place: String) throws {
        let folder = try TemporaryFolder(in: place)
        let path = folder.file("log")
        let log = BoundedLog(path, bound: Self.bound)
        try write("", to: path, mode: 0o600)
        let writer = try TestProcess("write-lines", path)
        defer { writer.end() }
        var trims = 0
        var seen = 0
        while trims < 8 {
            guard try log.trim() else { continue }
            trims += 1
            let tail = try numbers(log.tail(bytes: Int(Self.bound)))
            let (first, last) = (try #require(tail.first), try #require(tail.last))
            #expect(tail == Array(first...last))
            #expect(last > seen)
            seen = last
        }
        writer.end()
        _ = try log.trim()
        #expect(blocks(path) <= 2 * Self.bound + 65536)
    }

    @Test func `is told from a line's start, without holes, and as text`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("log")
        let log = BoundedLog(path)
        #expect(try log.tail(bytes: 100) == "")
        try write("one\ntwo\nthree\nfour", to: path, mode: 0o600)
        #expect(try log.tail(bytes: 100) == "one\ntwo\nthree\nfour")
        #expect(try log.tail(bytes: 18) == "one\ntwo\nthree\nfour")
        #expect(try log.tail(bytes: 17) == "two\nthree\nfour")
        #expect(try log.tail(bytes: 10) == "three\nfour")
        #expect(try log.tail(bytes: 9) == "four")
        // No line starts within them.
        #expect(try log.tail(bytes: 3) == "our")
        #expect(try log.tail(bytes: 0) == "")
        try write("\0\0\0one\ntw", to: path, mode: 0o600)
        let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(file) }
        _ = Glibc.write(file, [UInt8(0xFF), 0x0A], 2)
        #expect(try log.tail(bytes: 100) == "one\ntw\u{FFFD}\n")
    }

    @Test func `is removed with its folder, once that is empty`() throws {
        let house = try AgentHouse()
        mkdir(house.folder.file("agents"), 0o700)
        mkdir(house.folder.file("agents/1"), 0o700)
        try write("a", to: house.log, mode: 0o600)
        try write("b", to: house.folder.file("agents/1/b.log"), mode: 0o600)
        try house.launcher.removeLog(house.log)
        #expect(access(house.folder.file("agents/1/b.log"), F_OK) == 0)
        try house.launcher.removeLog(house.log)
        try house.launcher.removeLog(house.folder.file("agents/1/b.log"))
        #expect(access(house.folder.file("agents/1"), F_OK) != 0)
        #expect(access(house.folder.file("agents"), F_OK) == 0)
    }

    @Test func `is nobody else's file`() throws {
        let folder = try TemporaryFolder()
        try write("mine", to: folder.file("mine"), mode: 0o600)
        try #require(symlink(folder.file("mine"), folder.file("log")) == 0)
        let error = #expect(throws: BerthError.self) { try BoundedLog(folder.file("log")).trim() }
        #expect(error?.code == .configuration)
        try #require(mkfifo(folder.file("pipe"), 0o600) == 0)
        #expect(throws: BerthError.self) { try BoundedLog(folder.file("pipe")).tail(bytes: 10) }
    }
}
