internal import Glibc

/// Reads files whose size nobody knows beforehand, as those of `/proc` are (proc(5)).
enum ProcFile {
    /// The whole file. `/proc` makes the text while it is read, so only the bytes of one read are of one moment.
    static func bytes(_ path: String) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open(2) of \(path)", errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = 4096
        while true {
            var failure: Int32 = 0
            var length = 0
            let piece = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                length = read(descriptor, buffer.baseAddress, buffer.count)
                failure = length < 0 ? errno : 0
                count = max(0, length)
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw SystemError("read(2) of \(path)", failure) }
            guard length > 0 else { return content }
            content += piece
            // A table of many sockets takes many reads, and each one makes the kernel seek from its start.
            chunk = 262_144
        }
    }

    /// The file as text, without the white space around it. Bytes that are no UTF-8 become U+FFFD.
    static func text(_ path: String) throws(SystemError) -> String {
        let content = try bytes(path)
        let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
        let start = content.firstIndex { !isSpace($0) } ?? content.endIndex
        let end = content.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return String(decoding: content[start..<end], as: UTF8.self)
    }
}
