import Glibc

/// The program `BerthTestProcess`, or one that runs it, spoken to by lines on its standard input and output.
final class TestProcess {
    private let child: TestChild
    private var descriptor: Int32
    var pid: Int32 { child.pid }

    /// - Parameters:
    ///   - runner: the command that is to run it, if any.
    ///   - arguments: what it is told to do.
    init(runner: [String] = [], _ arguments: String...) throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw TestSocket.Failure(call: "socketpair", number: errno)
        }
        defer { close(ends[1]) }
        descriptor = ends[0]
        do {
            child = try TestChild(runner + [TestProcess.program()] + arguments, standard: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
    }

    deinit { close(descriptor) }

    /// What it says next, up to the line's end; nil when it has ended.
    func line() -> String? {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
        }
        return nil
    }

    /// All that it says until it ends.
    func lines() -> [String] {
        var lines: [String] = []
        while let next = line() { lines.append(next) }
        return lines
    }

    func say(_ word: String) {
        let bytes = Array("\(word)\n".utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Kills it and takes its exit status.
    func end() { child.end() }

    /// It is built beside the bundle of the tests, which is the program that runs now.
    static func program() throws -> String {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &target, target.count)
        let own = String(decoding: target.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = "/" + (own.split(separator: "/").dropLast() + ["BerthTestProcess"]).joined(separator: "/")
        guard access(path, X_OK) == 0 else { throw TestSocket.Failure(call: "access of \(path)", number: errno) }
        return path
    }
}
