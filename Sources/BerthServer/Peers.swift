import BerthHost
import CBerthLinux
import Glibc
package import NIOCore
import Synchronization

/// Who is at the other end of each Unix-socket connection, by the kernel's word (SO_PEERCRED, unix(7)).
///
/// The kernel is asked once for a connection; requests look the answer up.
package final class Peers: Sendable {
    private let users = Mutex<[ObjectIdentifier: UInt32]>([:])

    package init() {}

    /// The user at the other end; nil when the kernel did not tell.
    package func user(of channel: any Channel) -> UInt32? {
        users.withLock { $0[ObjectIdentifier(channel)] }
    }

    /// Asks the kernel and remembers the answer until the channel is closed.
    func learn(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return }
        let key = ObjectIdentifier(channel)
        let credentials: EventLoopFuture<berth_ucred> = options.unsafeGetSocketOption(
            level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET),
            name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        credentials.whenSuccess { raw in
            guard let credentials = PeerCredentials(raw) else { return }
            self.users.withLock { $0[key] = credentials.uid }
        }
        channel.closeFuture.whenComplete { _ in self.users.withLock { $0[key] = nil } }
    }
}
