import Glibc

/// The file with the bearer token of a TCP listener.
package enum TokenFile {
    /// The first line of the file.
    package static func read(_ path: String) throws(BenchmarkError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("open \(path)") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw .system("read \(path)") }
        let line = bytes[..<count].prefix { $0 > UInt8(ascii: " ") }
        guard !line.isEmpty else { throw BenchmarkError("\(path) holds no token") }
        return String(decoding: line, as: UTF8.self)
    }
}
