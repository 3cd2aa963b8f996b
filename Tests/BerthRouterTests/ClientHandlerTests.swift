import BerthCore
import BerthTestSupport
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import BerthRouter

@Suite struct `A client's connection` {
    /// Takes its time with what was written: the end of it has gone out when the promise is kept.
    private final class SlowPeer: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        var ended: EventLoopPromise<Void>?

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            if mode == .output { ended = promise } else { context.close(mode: mode, promise: promise) }
        }
    }

    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let handler: ClientHandler
    private let peer = SlowPeer()

    init() throws {
        let parts = RouterParts(
            table: FakeTable(), gate: OneToken(), isOwnHost: { host, _ in host == "router" }, requestID: { $0 ?? "r" },
            problem: { error, _ in ByteBuffer(string: error.code.rawValue) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        channel = EmbeddedChannel(loop: loop)
        handler = ClientHandler(state: LoopState(parts: parts, loop: loop))
        try channel.pipeline.syncOperations.addHandlers([peer, handler])
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    /// What the client has got by now.
    private func answers() throws -> String {
        loop.run()
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text
    }

    private let nobody = ByteBuffer(string: "GET /s/alice/planner/ HTTP/1.1\r\nHost: router\r\n\r\n")

    @Test func `gets no further answers while it takes none`() throws {
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        for _ in 0..<3 { try channel.writeInbound(nobody) }
        #expect(try answers().isEmpty)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(try answers().ranges(of: "HTTP/1.1 401").count == 3)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `gets all answers of one turn together`() throws {
        for _ in 0..<3 { try channel.writeInbound(nobody) }
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        loop.run()
        let all = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(String(buffer: all).ranges(of: "HTTP/1.1 401").count == 3)
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `stays until its last answer was taken, and then a moment`() throws {
        try channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: router\r\nConnection: close\r\n\r\n"))
        #expect(try answers().hasPrefix("HTTP/1.1 404"))
        let limits = RouterLimits()
        handler.sweep(at: .now() + .seconds(limits.takeSeconds - 1))
        #expect(channel.isActive)
        try #require(peer.ended).succeed()
        handler.sweep(at: .now() + .seconds(limits.farewellSeconds - 1))
        #expect(channel.isActive)
        handler.sweep(at: .now() + .seconds(limits.farewellSeconds + 1))
        #expect(!channel.isActive)
    }

    @Test func `is not waited for for ever to take its last answer`() throws {
        try channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: router\r\nConnection: close\r\n\r\n"))
        handler.sweep(at: .now() + .seconds(RouterLimits().takeSeconds + 1))
        #expect(!channel.isActive)
        // Nobody is there to hear of it.
        try #require(peer.ended).fail(ChannelError.ioOnClosedChannel)
    }

    @Test func `is told what is wrong with a request that is none, and no more`() throws {
        var bytes = ByteBuffer(string: "GET / HTTP/1.1\nHost: router\r\n\r\n")
        bytes.writeImmutableBuffer(nobody)
        try channel.writeInbound(bytes)
        let text = try answers()
        #expect(
            text.hasPrefix("HTTP/1.1 400") && text.hasSuffix("malformed-request") && text.contains("Connection: close"))
        #expect(text.ranges(of: "HTTP/1.1").count == 1)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
