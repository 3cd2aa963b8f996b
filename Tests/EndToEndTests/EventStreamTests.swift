import Glibc
import Testing

/// Following the audit as it grows.
@Suite struct `Following events` {
    /// A stream of events on a connection of its own, read as far as a test wants.
    private final class Reader {
        private let connection: Socket
        private var socket: Int32 { connection.descriptor }
        private(set) var text = ""

        init(_ daemon: Daemon, _ path: String = "/v1/events", lastEventID: String? = nil, receiveBuffer: Int32? = nil)
            throws
        {
            connection = try Socket.connected(toUnixSocket: daemon.socketPath)
            if var size = receiveBuffer {
                setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
            let resume = lastEventID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
            let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(resume)\r\n"
            _ = request.withCString { send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        }

        deinit { connection.close() }

        /// Reads until `isEnough` of what came.
        /// - Returns: whether it was enough before the end or the deadline.
        func read(within milliseconds: Int32 = 20_000, until isEnough: (String) -> Bool) -> Bool {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while !isEnough(text) {
                var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                guard Glibc.poll(&poll, 1, milliseconds) == 1 else { return false }
                let count = recv(socket, &bytes, bytes.count, 0)
                guard count > 0 else { return isEnough(text) }
                text += String(decoding: bytes[..<count], as: UTF8.self)
            }
            return true
        }

        /// The ids that came, in order.
        var ids: [Int] {
            text.split(whereSeparator: \.isNewline).compactMap {
                $0.hasPrefix("id: ") ? Int($0.dropFirst(4).filter(\.isNumber)) : nil
            }
        }
    }

    @Test func `tells of each record once, and goes on exactly behind the last one`() throws {
        try withDaemon { daemon in
            let live = try Reader(daemon)
            #expect(live.read { $0.contains(": berth") })
            let before = try daemon.call("GET", "/v1/audit/head").json["seq"].int ?? 0
            for number in 0..<20 { _ = try daemon.release(try daemon.granted("s\(number)", 1)) }
            let last = try daemon.call("GET", "/v1/audit/head").json["seq"].int ?? 0
            #expect(live.read { $0.contains("id: \(last)\n") })
            #expect(live.ids == Array((before + 1)...last))
            let again = try Reader(daemon, lastEventID: "\(last - 7)")
            #expect(again.read { $0.contains("id: \(last)\n") })
            #expect(again.ids == Array((last - 6)...last))
            let beyond = try Reader(daemon, lastEventID: "\(Int64.max)")
            #expect(beyond.read { $0.contains(": berth") })
            let granted = try Reader(daemon, "/v1/events?event=lease.granted", lastEventID: "0")
            _ = try daemon.granted("more", 1)
            #expect(
                granted.read {
                    $0.split(whereSeparator: \.isNewline).filter { $0 == "event: lease.granted" }.count == 21
                })
        }
    }

    @Test func `ends in order when the daemon stops`() throws {
        try withDaemon { daemon in
            let reader = try Reader(daemon)
            #expect(reader.read { $0.contains(": berth") })
            let end = try daemon.stop()
            #expect(end == .exited(0))
            #expect(reader.read { $0.hasSuffix("0\r\n\r\n") }, "the last chunk is there: \(reader.text)")
        }
    }

    @Test func `lets go of a reader that takes nothing, and grants go on meanwhile`() throws {
        try withDaemon { daemon in
            let slow = try Reader(daemon, lastEventID: "0", receiveBuffer: 4_096)
            // More than the kernel and the daemon keep for a connection.
            var number = 0
            let isLetGo = try becomesTrue(within: 120) {
                number += 1
                _ = try daemon.release(try daemon.granted("s\(number % 50)", 1))
                return daemon.log.contains("takes nothing")
            }
            #expect(isLetGo)
            #expect(slow.read { $0.contains("event: dropped") }, "it is told why, behind what it had not taken")
            let fresh = try Reader(daemon, lastEventID: "\(slow.ids.last ?? 0)")
            #expect(fresh.read { _ in !fresh.ids.isEmpty })
            #expect(fresh.ids.first == (slow.ids.last ?? 0) + 1)
        }
    }
}
