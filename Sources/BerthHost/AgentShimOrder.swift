internal import CBerthLinux
internal import Glibc

/// What an agent's shim is told, through a file in memory: the daemon's command line and environment, which others could
/// read and which the shim's own libraries would heed, hold none of it.
struct AgentShimOrder: Hashable, Sendable {
    let arguments: [String]
    /// As `NAME=value`.
    let environment: [String]
    let workingDirectory: String
    /// Nil for the user that the shim has.
    let user: String?
    /// The soft limit of open files; nil for the one that the shim has.
    let descriptorLimit: UInt64?

    init(
        arguments: [String], environment: [String], workingDirectory: String, user: String?, descriptorLimit: UInt64?
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.descriptorLimit = descriptorLimit
    }

    /// Reads what ``bytes`` holds; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard bytes.last == 0 else { return nil }
        let texts = bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard texts.count >= 5, let count = Int(texts[3]), count > 0, texts.count >= 4 + count else { return nil }
        user = texts[0].isEmpty ? nil : texts[0]
        workingDirectory = texts[1]
        descriptorLimit = UInt64(texts[2])
        arguments = Array(texts[4..<4 + count])
        environment = Array(texts[(4 + count)...])
    }

    /// Its texts, each ended by a zero, which none of them holds.
    var bytes: [UInt8] {
        let head = [user ?? "", workingDirectory, descriptorLimit.map { "\($0)" } ?? "", "\(arguments.count)"]
        return (head + arguments + environment).flatMap { Array($0.utf8) + [0] }
    }

    /// A file in memory that holds it.
    func file() throws(SystemError) -> Int32 {
        let file = berth_memory_file("berth-agent")
        guard file >= 0 else { throw SystemError("memfd_create(2)", -file) }
        let bytes = bytes
        var written = 0
        while written < bytes.count {
            let length = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if length < 0, errno == EINTR { continue }
            guard length > 0 else {
                let number = length < 0 ? errno : ENOSPC
                close(file)
                throw SystemError("write(2) to a file in memory", number)
            }
            written += length
        }
        return file
    }
}
