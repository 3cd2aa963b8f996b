package import BerthCore
import BerthHost
import CBerthLinux
import Glibc
package import NIOCore
import Synchronization

/// Who is at the other end of each Unix-socket connection, by the kernel's word (SO_PEERCRED, unix(7)).
///
/// The kernel is asked once for a connection; requests look the answer up. Which process it is is found out only for
/// the rare request that wants to know.
package final class Peers: Sendable {
    /// The other end of one connection.
    private struct Peer {
        let credentials: PeerCredentials
        var handle: Handle = .none
    }

    /// What keeps a number from being taken for another process's.
    private enum Handle {
        /// Nothing does, so that the process cannot be told.
        case none
        /// The kernel's descriptor for the process that connected.
        case pidfd(PeerPIDFD)
        /// A kernel before 6.5: the process that had the number when the connection was accepted.
        case accepted(ProcessIdentity)
    }

    private let processes: any ProcessTable
    private let peers = Mutex<[ObjectIdentifier: Peer]>([:])

    package init(processes: any ProcessTable) { self.processes = processes }

    /// The user at the other end; nil when the kernel did not tell.
    package func user(of channel: any Channel) -> UInt32? {
        peers.withLock { $0[ObjectIdentifier(channel)]?.credentials.uid }
    }

    /// The live process that opened the connection; nil when it has ended, lives in another PID namespace, or can't be
    /// told from one that has its number now.
    package func process(of channel: any Channel) -> ProcessIdentity? {
        guard let peer = peers.withLock({ $0[ObjectIdentifier(channel)] }) else { return nil }
        switch peer.handle {
        case .none: return nil
        case .pidfd(let pidfd):
            // It lived before the look and after it, so the number was its own all the while.
            guard !pidfd.hasEnded, let process = processes.identify(peer.credentials.pid), !pidfd.hasEnded else {
                return nil
            }
            return process
        case .accepted(let process):
            return processes.isAlive(process) ? process : nil
        }
    }

    /// Asks the kernel and remembers the answer until the channel is closed.
    func learn(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return }
        let key = ObjectIdentifier(channel)
        let level = NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET)
        let raw: EventLoopFuture<berth_ucred> = options.unsafeGetSocketOption(
            level: level, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        raw.whenSuccess { raw in
            guard let credentials = PeerCredentials(raw) else { return }
            self.peers.withLock { $0[key] = Peer(credentials: credentials) }
        }
        let descriptor: EventLoopFuture<CInt> = options.unsafeGetSocketOption(
            level: level, name: NIOBSDSocket.Option(rawValue: PeerPIDFD.option))
        descriptor.whenComplete { result in
            // Always into a handle first: it closes the descriptor when nobody keeps it.
            let handle = self.handle(result, of: key)
            self.peers.withLock { $0[key]?.handle = handle }
        }
        channel.closeFuture.whenComplete { _ in self.peers.withLock { $0[key] = nil } }
    }

    private func handle(_ result: Result<CInt, any Error>, of key: ObjectIdentifier) -> Handle {
        switch result {
        case .success(let descriptor): return .pidfd(PeerPIDFD(adopting: descriptor))
        case .failure(let error as IOError) where PeerPIDFD.isMissing(errno: error.errnoCode):
            let pid = peers.withLock { $0[key]?.credentials.pid }
            return pid.flatMap(processes.identify).map(Handle.accepted) ?? .none
        case .failure: return .none
        }
    }
}
