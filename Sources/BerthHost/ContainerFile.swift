internal import BerthCore
internal import Glibc

/// The file that a command writes its container's id to (`--cidfile` of docker-run(1) and podman-run(1)).
///
/// It is the agent's user's and not the daemon's, so that nothing in it is trusted but what looks as an id.
struct ContainerFile {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Removes what lies there: the engines refuse a file that exists.
    func makeRoom() throws(BerthError) {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else { throw unusable(errno) }
    }

    /// - Returns: nil while nothing is there, or nothing in it: it is made before it is written.
    func read() throws(BerthError) -> ContainerID? {
        // Without O_NONBLOCK a pipe in its place would be waited on.
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unusable(errno)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unusable(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw strange }
        // A newline may stand behind the 64 digits.
        var bytes = [UInt8](repeating: 0, count: 128)
        let length = Glibc.read(file, &bytes, bytes.count)
        guard length >= 0 else { throw unusable(errno) }
        let text = String(decoding: bytes[..<length], as: UTF8.self).filter { !$0.isWhitespace }
        if text.isEmpty { return nil }
        guard let id = ContainerID(text) else { throw strange }
        return id
    }

    private var strange: BerthError { BerthError(.configuration, "\(path) holds no container's id.") }

    private func unusable(_ number: Int32) -> BerthError {
        BerthError(.configuration, "The container's id can't be read from \(path): \(CommandShim.words(number)).")
    }
}
