import BerthCore
import BerthRouter
import BerthTestSupport
import Glibc
import NIOCore
import Synchronization
import Testing

@Suite struct `A router's patience` {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    private func with(_ change: (inout RouterLimits) -> Void, _ body: (RouterBench) async throws -> Void) async throws {
        var limits = RouterLimits()
        change(&limits)
        let agent = try await ScriptedAgent.start { _, _ in .answer(Self.ok) }
        try await RouterBench.with(agent, limits: limits, body)
    }

    @Test(arguments: ["", "GET /s/al", "GET /s/alice/planner/ HTTP/1.1\r\nHost: router\r\n"])
    func `ends with a head that does not come`(start: String) async throws {
        try await with({ $0.headSeconds = 0 }) { bench in
            let client = try await bench.connect()
            // It may have ended by now.
            client.channel.writeAndFlush(ByteBuffer(string: start), promise: nil)
            let answer = try await client.executeThenClose { inbound, _ in
                var answer = ByteBuffer()
                do {
                    for try await part in inbound { answer.writeImmutableBuffer(part) }
                } catch is IOError {
                    // Ended with something unread, it is reset.
                }
                return answer.readableBytes
            }
            #expect(answer == 0)
            #expect(bench.table.state.withLock { $0.begun } == 0)
        }
    }

    @Test func `ends when no other request comes, and not within one`() async throws {
        try await with({ $0.idleSeconds = 0 }) { bench in
            let answers = try await bench.say(
                RouterBench.request("GET /s/alice/planner/") + RouterBench.request("GET /s/alice/planner/"))
            #expect(answers.ranges(of: "HTTP/1.1 200").count == 2)
            #expect(bench.table.state.withLock { $0.begun == 2 && $0.finished == 2 })
        }
    }

    @Test func `has no room for more connections than its bound: the next waits for an end`() async throws {
        try await with({ $0.maxConnections = 1 }) { bench in
            let first = try await bench.connect()
            let second = try await first.executeThenClose { inbound, outbound in
                var answers = inbound.makeAsyncIterator()
                let request = ByteBuffer(string: RouterBench.request("GET /s/alice/planner/"))
                try await outbound.write(request)
                _ = try await answers.next()
                let second = try await bench.connect()
                second.channel.writeAndFlush(request, promise: nil)
                for _ in 0..<50 {
                    try await outbound.write(request)
                    _ = try await answers.next()
                }
                #expect(bench.table.state.withLock { $0.begun } == 51)
                return second
            }
            try await second.executeThenClose { inbound, _ in
                var answers = inbound.makeAsyncIterator()
                let answer = try #require(await answers.next())
                #expect(String(buffer: answer).hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `ends with an agent that takes no connection`() async throws {
        try await with({ $0.connectSeconds = 1 }) { bench in
            let full = try FullListener()
            bench.table.state.withLock { $0.port = full.port }
            let answer = try await bench.ask("GET /s/alice/planner/")
            #expect(answer.hasPrefix("HTTP/1.1 504") && answer.hasSuffix("agent-timeout"))
            #expect(bench.table.state.withLock { $0.begun == 1 && $0.finished == 1 })
        }
    }
}

/// A port whose process takes no connections, with more of them in front of it than the kernel keeps.
private final class FullListener {
    let port: Port
    private var descriptors: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        func withAddress(_ body: (UnsafeMutablePointer<sockaddr>) -> Int32) -> Int32 {
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
            }
        }
        var length = size
        try #require(withAddress { bind(listener, $0, size) } == 0 && listen(listener, 0) == 0)
        try #require(withAddress { getsockname(listener, $0, &length) } == 0)
        port = .of(Int(UInt16(bigEndian: address.sin_port)))
        descriptors = [listener]
        for _ in 0..<8 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            _ = withAddress { connect(client, $0, size) }
            descriptors.append(client)
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
