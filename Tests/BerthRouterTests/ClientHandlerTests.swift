import BerthCore
import BerthTestSupport
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import BerthRouter

@Suite struct `A client's connection` {
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel

    init() throws {
        let parts = RouterParts(
            table: FakeTable(), gate: OneToken(), isOwnHost: { host, _ in host == "router" }, requestID: { $0 ?? "r" },
            problem: { error, _ in ByteBuffer(string: error.code.rawValue) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        channel = EmbeddedChannel(loop: loop)
        try channel.pipeline.syncOperations.addHandler(ClientHandler(state: LoopState(parts: parts, loop: loop)))
        channel.pipeline.fireChannelActive()
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
