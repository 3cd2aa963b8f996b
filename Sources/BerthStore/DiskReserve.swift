package import BerthCore
import Glibc
import Synchronization

/// Room on the database's disk that only changes which give something back may use: without it nobody could release a
/// port once the disk is full, since a release is written too.
///
/// It is a file whose blocks are allocated and never written. On a full disk it shrinks slice by slice, so that a
/// neighbour as hungry as the one that filled the disk gets a slice at most. While it is not whole, nothing may grow;
/// it is filled again when there is room.
package final class DiskReserve: Sendable {
    private struct State {
        var size: Int64
        var isWhole = false
        var lastTry: ContinuousClock.Instant?
    }

    /// 8 MiB: the records of about 10,000 releases, and the log's pages on their way.
    package static let bytes: Int64 = 8 << 20
    /// 512 KiB.
    static let slice: Int64 = 512 << 10
    /// How long a try to fill it is not repeated: on some file systems a failed one allocates and frees all it found.
    static let pause = Duration.seconds(1)

    private let descriptor: Int32
    private let state: Mutex<State>

    /// Opens the file, or makes it with mode 0600, and fills it as far as it can be filled.
    /// - Throws: ``ErrorCode/storageUnavailable`` when there is none and none can be made.
    package init(path: String) throws(BerthError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw BerthError(.storageUnavailable, "No room can be kept in \(path): \(reason).")
        }
        if let fault = OwnFile.fault(descriptor) {
            Glibc.close(descriptor)
            throw BerthError(.storageUnavailable, "No room can be kept in \(path): it \(fault).")
        }
        state = Mutex(State(size: Int64(status.st_size)))
        _ = fill()
    }

    deinit { Glibc.close(descriptor) }

    /// Where the file lies for this database.
    package static func path(forDatabase database: String) -> String { database + "-reserve" }

    /// Whether all of it is there, after a try to bring it back where some is missing.
    package func fill() -> Bool {
        state.withLock { state in
            if state.isWhole { return true }
            if let lastTry = state.lastTry, lastTry.duration(to: .now) < Self.pause { return false }
            state.lastTry = .now
            state.isWhole = posix_fallocate(descriptor, 0, off_t(Self.bytes)) == 0
            // A failed allocation may leave what it got.
            if state.isWhole { state.size = Self.bytes } else { _ = ftruncate(descriptor, off_t(state.size)) }
            return state.isWhole
        }
    }

    /// Gives a slice back to the disk; false when nothing is left to give.
    func giveWay() -> Bool {
        state.withLock { state in
            guard state.size > 0 else { return false }
            let size = max(0, state.size - Self.slice)
            guard ftruncate(descriptor, off_t(size)) == 0 else { return false }
            state.size = size
            state.isWhole = false
            state.lastTry = .now
            return true
        }
    }
}
