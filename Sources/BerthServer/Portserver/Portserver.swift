import BerthCore
import BerthHost
import BerthStore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Serves the portserver protocol of google/python_portpicker on a Unix socket, so that `pick_unused_port()` of programs
/// with PORTSERVER_ADDRESS gets leased ports.
///
/// A client sends a PID and a newline, gets a port and a newline, and is closed. One that is refused, for whatever
/// reason, is closed without an answer, which is all that the protocol has for it.
package struct Portserver: Service {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// The most connections that are served at once; more wait in the kernel's backlog.
    static let maxConnections = 256
    /// How long a client may take for its line.
    static let deadline = TimeAmount.seconds(10)

    let lessor: PortserverLessor
    let connections: ConnectionCount?
    let logger: Logger
    /// A bound socket; the service closes it.
    let descriptor: Int32
    let admits: @Sendable (PeerCredentials) -> Bool
    let onRunning: @Sendable () -> Void

    package func run() async throws {
        let peers = lessor.peers
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 128))
            .bind(descriptor, serverBackPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    peers.learn(channel)
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        onRunning()
        try await withGracefulShutdownHandler {
            try await server.executeThenClose { try await serve($0) }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
        }
    }

    private func serve(_ inbound: NIOAsyncChannelInboundStream<Connection>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var started = 0
            for try await connection in inbound {
                if started == Self.maxConnections {
                    _ = try await group.next()
                } else {
                    started += 1
                }
                group.addTask { await converse(connection) }
            }
            try await group.waitForAll()
        }
    }

    private func converse(_ connection: Connection) async {
        do {
            try await connection.executeThenClose { inbound, _ in
                let channel = connection.channel
                // Who is refused is heard out all the same: a connection that breaks looks like a daemon that does.
                let isAdmitted = admit(channel)
                guard let pid = try await readPID(inbound, channel), isAdmitted else { return }
                let (lease, context) = try await lessor.lease(forProcess: pid, to: channel)
                do {
                    try await channel.writeAndFlush(ByteBuffer(string: "\(lease.block.first)\n")).get()
                } catch {
                    try await lessor.takeBack(lease, context)
                }
            }
        } catch let error as BerthError {
            logger.info("the portserver leased nothing", metadata: ["reason": "\(error.message)"])
        } catch {
            logger.debug("a client of the portserver broke off", metadata: ["error": "\(error)"])
        }
    }

    private func admit(_ channel: any Channel) -> Bool {
        guard let credentials = lessor.peers.credentials(of: channel), admits(credentials) else { return false }
        return connections?.admit(channel, as: .user(credentials.uid)) ?? true
    }

    /// - Returns: nil for a line that names no process, and when none came in time or before the daemon stops.
    private func readPID(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ channel: any Channel
    ) async throws -> Int32? {
        let alarm = channel.eventLoop.scheduleTask(in: Self.deadline) { channel.close(promise: nil) }
        defer { alarm.cancel() }
        return try await withGracefulShutdownHandler {
            var bytes: [UInt8] = []
            for try await buffer in inbound {
                bytes += buffer.readableBytesView
                switch PortserverRequest(bytes) {
                case .incomplete: continue
                case .port(let pid): return pid
                case .malformed: return nil
                }
            }
            guard channel.isActive, case .port(let pid) = PortserverRequest(bytes, isWhole: true) else { return nil }
            return pid
        } onGracefulShutdown: {
            channel.close(promise: nil)
        }
    }
}
