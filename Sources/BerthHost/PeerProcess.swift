package import BerthCore
internal import CBerthLinux
internal import Glibc

/// Which process is at the other end of a Unix socket, by the kernel's word.
///
/// It is the one that called connect(2), whoever may have been given the socket since. Nil stands for one that has
/// ended, that has no PID in our namespace, or that can't be told from another; nobody may act in its name then.
package enum PeerProcess {
    /// The option of `SOL_SOCKET` that gives a pidfd of the peer: an `int`, to be closed by whoever asked
    /// (`SO_PEERPIDFD`, Linux 6.5; older kernels answer ENOPROTOOPT).
    package static var pidfdOption: Int32 { berth_peer_pidfd_option() }

    /// Asks the kernel about a connected socket, which stays open.
    /// - Parameter acceptedAt: a moment after the connection was made; used where the kernel has no pidfd of the peer.
    /// - Throws: ``SystemError`` when `descriptor` is no socket.
    package static func identify(
        descriptor: Int32, acceptedAt: BootTime, in processes: LinuxProcessTable
    ) throws(SystemError) -> ProcessIdentity? {
        guard let credentials = try PeerCredentials.of(descriptor: descriptor), credentials.pid > 0 else { return nil }
        return identify(
            pidfd: berth_peer_pidfd(descriptor), pid: credentials.pid, acceptedAt: acceptedAt, in: processes)
    }

    /// Identifies a peer by what the kernel has answered about its socket.
    ///
    /// With a pidfd the answer is certain. Without one, the process that has the PID now is taken for the peer when it
    /// had started by `acceptedAt`, in the same tick of 10 ms at the latest. This can't tell a process which got the
    /// PID between connect(2) and that moment, so accept(2) should be soon, and its time be taken at once.
    ///
    /// - Parameters:
    ///   - pidfd: what ``pidfdOption`` gave, which is closed here in any case; or the negated errno of its failure.
    ///   - pid: what `SO_PEERCRED` gave for the same socket.
    ///   - acceptedAt: a moment after the connection was made.
    package static func identify(
        pidfd: Int32, pid: Int32, acceptedAt: BootTime, in processes: LinuxProcessTable
    ) -> ProcessIdentity? {
        if pidfd >= 0 {
            return identify(PIDFD(adopting: pidfd, access: processes.access), pid: pid, in: processes)
        }
        switch -pidfd {
        // The peer was reaped (EINVAL before Linux 6.15), or the socket has none.
        case ESRCH, EINVAL, ENOENT, ENODATA: return nil
        default:
            guard let found = processes.identify(pid), processes.hadStarted(found, by: acceptedAt) else { return nil }
            return found
        }
    }

    private static func identify(
        _ peer: consuming PIDFD, pid: Int32, in processes: LinuxProcessTable
    ) -> ProcessIdentity? {
        guard let found = processes.identify(pid) else { return nil }
        // Asked after the reading: while the peer lives, nobody else has its PID.
        guard !peer.hasEnded else { return nil }
        if let inode = peer.inode, let other = found.pidfsInode, inode != other { return nil }
        return found
    }
}
