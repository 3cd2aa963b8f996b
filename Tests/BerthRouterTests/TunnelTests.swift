import NIOCore
import NIOEmbedded
import Testing

@testable import BerthRouter

@Suite struct `A tunnel` {
    /// Takes what it is told when it is asked to.
    private final class SlowPeer: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        private var waiting: [(data: NIOAny, promise: EventLoopPromise<Void>?)] = []
        private var context: ChannelHandlerContext?

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            waiting.append((data, promise))
        }

        func take() {
            for (data, promise) in waiting { context?.writeAndFlush(data, promise: promise) }
            waiting = []
        }
    }

    private let loop = EmbeddedEventLoop()
    private let near: EmbeddedChannel
    private let far: EmbeddedChannel
    private let peer = SlowPeer()

    init() throws {
        near = EmbeddedChannel(loop: loop)
        far = EmbeddedChannel(loop: loop)
        let halves = TunnelHalf.pair()
        try near.pipeline.syncOperations.addHandlers([peer, halves.0])
        try far.pipeline.syncOperations.addHandler(halves.1)
        for channel in [near, far] {
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        }
    }

    @Test func `ends for one side when that has taken the other's last words, and not before`() throws {
        try far.writeInbound(ByteBuffer(string: "goodbye"))
        far.close(promise: nil)
        loop.run()
        #expect(!far.isActive && near.isActive)
        peer.take()
        loop.run()
        #expect(try near.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } == "goodbye")
        #expect(!near.isActive)
    }

    @Test func `passes what comes both ways`() throws {
        try far.writeInbound(ByteBuffer(string: "one"))
        peer.take()
        try near.writeInbound(ByteBuffer(string: "two"))
        loop.run()
        #expect(try near.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } == "one")
        #expect(try far.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } == "two")
        for channel in [near, far] { _ = try channel.finish(acceptAlreadyClosed: true) }
    }
}
