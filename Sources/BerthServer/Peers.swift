package import BerthCore
package import BerthHost
import CBerthLinux
import Glibc
package import NIOCore
import Synchronization

/// Who is at the other end of each Unix-socket connection, by the kernel's word (SO_PEERCRED, unix(7)).
///
/// The kernel is asked for the user once for a connection; requests look the answer up. Which process it is is found
/// out only for the rare request that wants to know.
package final class Peers: Sendable {
    /// The other end of one connection.
    private struct Peer {
        let credentials: PeerCredentials
        let acceptedAt: BootTime
    }

    private static let level = NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET)

    private let processes: LinuxProcessTable
    private let clock: any HostClock
    private let peers = Mutex<[ObjectIdentifier: Peer]>([:])

    package init(processes: LinuxProcessTable, clock: any HostClock) {
        self.processes = processes
        self.clock = clock
    }

    /// The user at the other end; nil when the kernel did not tell.
    package func user(of channel: any Channel) -> UInt32? {
        peers.withLock { $0[ObjectIdentifier(channel)]?.credentials.uid }
    }

    /// What the kernel told of the other end; nil when it did not.
    package func credentials(of channel: any Channel) -> PeerCredentials? {
        peers.withLock { $0[ObjectIdentifier(channel)]?.credentials }
    }

    /// Whether a process that opened a connection means by a PID what we mean by it.
    func sharesNumbers(with process: ProcessIdentity) -> Bool { processes.sharesNumbers(with: process.pid) }

    /// The live process that opened the connection; nil when it has ended, lives in another PID namespace, or can't be
    /// told from one that has its number now.
    package func process(of channel: any Channel) async -> ProcessIdentity? {
        guard let peer = peers.withLock({ $0[ObjectIdentifier(channel)] }), peer.credentials.pid > 0,
            let options = channel as? any SocketOptionProvider
        else { return nil }
        let asked: EventLoopFuture<CInt> = options.unsafeGetSocketOption(
            level: Self.level, name: NIOBSDSocket.Option(rawValue: PeerProcess.pidfdOption))
        let answer: CInt
        do {
            answer = try await asked.get()
        } catch let error as IOError {
            answer = -error.errnoCode
        } catch {
            return nil
        }
        return PeerProcess.identify(
            pidfd: answer, pid: peer.credentials.pid, acceptedAt: peer.acceptedAt, in: processes)
    }

    /// Asks the kernel who connected, and remembers the answer until the channel is closed.
    /// - Parameter whenKnown: called on the channel's event loop with the user.
    func learn(_ channel: any Channel, whenKnown: @escaping @Sendable (UInt32) -> Void = { _ in }) {
        guard let options = channel as? any SocketOptionProvider else { return }
        let key = ObjectIdentifier(channel)
        let acceptedAt = clock.now().boot
        let raw: EventLoopFuture<berth_ucred> = options.unsafeGetSocketOption(
            level: Self.level, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        raw.whenSuccess { raw in
            guard let credentials = PeerCredentials(raw) else { return }
            self.peers.withLock { $0[key] = Peer(credentials: credentials, acceptedAt: acceptedAt) }
            whenKnown(credentials.uid)
        }
        channel.closeFuture.whenComplete { _ in self.peers.withLock { $0[key] = nil } }
    }
}
