internal import CBerthLinux
internal import Glibc

/// The process at the other end of a Unix socket, as a descriptor that never comes to mean another one (unix(7),
/// SO_PEERPIDFD; Linux 6.5). It is closed with its last reference.
package final class PeerPIDFD: Sendable {
    /// The option's number in `<asm-generic/socket.h>`, which older headers lack.
    package static let option: Int32 = 77

    private let descriptor: Int32

    /// Takes over what `getsockopt(SOL_SOCKET, SO_PEERPIDFD)` wrote. The kernel made it close-on-exec.
    package init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Whether all threads of the process have ended. False when poll(2) won't say.
    package var hasEnded: Bool { berth_pidfd_has_ended(descriptor) == 1 }

    /// Whether this error of getsockopt(2) says that the kernel has no such option, rather than no such process.
    package static func isMissing(errno number: Int32) -> Bool { number == ENOPROTOOPT }
}
