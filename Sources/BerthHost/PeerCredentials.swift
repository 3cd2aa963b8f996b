package import CBerthLinux

/// Who is at the other end of a Unix socket, by the kernel's word (unix(7), SO_PEERCRED).
///
/// They are those of the moment of connect(2): the peer may have ended since, or passed its socket on.
package struct PeerCredentials: Hashable, Sendable {
    /// The peer's PID in our PID namespace; 0 when it has none here.
    package let pid: Int32
    /// The peer's effective user, in our user namespace.
    package let uid: UInt32
    /// The peer's effective group.
    package let gid: UInt32

    /// Takes what `getsockopt(SOL_SOCKET, SO_PEERCRED)` wrote; nil when that names nobody, as for a TCP socket.
    package init?(_ raw: berth_ucred) {
        guard raw.uid != .max else { return nil }
        pid = raw.pid
        uid = raw.uid
        gid = raw.gid
    }

    /// Asks the kernel about a connected socket.
    /// - Returns: nil when the socket has no peer that the kernel could name.
    /// - Throws: ``SystemError`` when `descriptor` is no socket.
    package static func of(descriptor: Int32) throws(SystemError) -> PeerCredentials? {
        var raw = berth_ucred()
        let result = berth_peer_credentials(descriptor, &raw)
        guard result >= 0 else { throw SystemError("getsockopt(2) of SO_PEERCRED", -result) }
        return PeerCredentials(raw)
    }
}
