import Glibc

/// One connection to etcd: HTTP/2 in clear text (RFC 9113, 3.3), with one call under way.
final class EtcdClient: Client {
    private let socket: Int32
    private let authority: String
    private var isWatched = false
    private var next = EtcdCall.grant
    private var call: EtcdCall?
    private var response = GRPCResponse()
    private var sentAt: Nanoseconds = 0
    /// The odd numbers, one after the other.
    private var stream: UInt32 = 1
    private var output: [UInt8] = []
    private var input: [UInt8] = []
    private var window = HTTP2Window()

    init(endpoint: Endpoint, authority: String) throws(BenchmarkError) {
        self.authority = authority
        socket = try endpoint.connect()
        output += Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        // SETTINGS_HEADER_TABLE_SIZE 0 and SETTINGS_ENABLE_PUSH 0.
        HTTP2Frame.append(.settings, payload: [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0], to: &output)
    }

    deinit { close(socket) }

    func send(stopping: Bool) -> Sending {
        if stopping, next == .grant { return .idle }
        let message = next.message
        guard window.take(message.count) else { return .broken(reason: "etcd takes no more data") }
        call = next
        response = GRPCResponse()
        let header = HPACK.callHeader(authority: authority, path: next.path)
        HTTP2Frame.append(.headers, .endHeaders, stream: stream, payload: header, to: &output)
        HTTP2Frame.append(.data, .endStream, stream: stream, payload: message, to: &output)
        sentAt = .now
        guard flush() else { return .broken(reason: "a call could not be sent") }
        defer { isWatched = true }
        return .sent(watch: isWatched ? nil : socket)
    }

    /// The little that is sent always fits into the socket's buffer, so a short write is treated as a broken
    /// connection.
    private func flush() -> Bool {
        if output.isEmpty { return true }
        defer { output.removeAll(keepingCapacity: true) }
        return Glibc.send(socket, output, output.count, Int32(MSG_NOSIGNAL)) == output.count
    }

    func receive() -> Reading {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(socket, &bytes, bytes.count, 0)
        if count < 0 {
            let code = errno
            if code == EAGAIN || code == EINTR { return .incomplete }
            return .broken(reason: "connection failed: \(String(cString: strerror(code)))")
        }
        if count == 0 { return .broken(reason: "connection closed by etcd") }
        input += bytes[..<count]
        do {
            try takeFrames()
        } catch {
            return .broken(reason: "\(call?.name ?? "no call"): \(error)")
        }
        guard flush() else { return .broken(reason: "an acknowledgement could not be sent") }
        return response.isWhole ? answer() : .incomplete
    }

    private func takeFrames() throws {
        var position = 0
        while let frame = try HTTP2Frame.scan(input, from: position) {
            try take(frame)
            position = frame.payload.upperBound
        }
        input.removeFirst(position)
    }

    private func take(_ frame: HTTP2Frame) throws {
        switch frame.kind {
        case .settings:
            if !frame.flags.contains(.acknowledgement) {
                HTTP2Frame.append(.settings, .acknowledgement, to: &output)
            }
        case .ping:
            if !frame.flags.contains(.acknowledgement) {
                HTTP2Frame.append(.ping, .acknowledgement, payload: Array(input[frame.payload]), to: &output)
            }
        case .windowUpdate: if frame.stream == 0 { window.grow(input[frame.payload]) }
        case .headers:
            try expectOwnStream(frame)
            try response.header(input[frame.content(of: input)], frame.flags)
        case .data:
            try expectOwnStream(frame)
            try response.data(input[frame.content(of: input)], frame.flags)
            let update = window.received(frame.payload.count)
            if update > 0 { HTTP2Frame.append(.windowUpdate, payload: HTTP2Frame.bigEndian(update), to: &output) }
        // A stream that is over may be reset afterwards; that changes nothing.
        case .resetStream: if frame.stream == stream { throw BenchmarkError("the call was reset") }
        case .goAway: throw BenchmarkError("etcd ended the connection (GOAWAY)")
        case .pushPromise, .continuation: throw BenchmarkError("a frame that nobody asked for")
        case .priority, nil: break
        }
    }

    private func expectOwnStream(_ frame: HTTP2Frame) throws(BenchmarkError) {
        guard frame.stream == stream, call != nil else { throw BenchmarkError("an answer to no call") }
    }

    private func answer() -> Reading {
        guard let call else { return .broken(reason: "an answer to no call") }
        let latency = Nanoseconds.now - sentAt
        let outcome = call.outcome(of: response.message)
        self.call = nil
        response = GRPCResponse()
        stream += 2
        let verb: Answer.Verb = if case .grant = call { .grant } else { .release }
        let problem =
            outcome == nil ? Answer.Problem(reason: "\(call.name) without the expected content", detail: "") : nil
        next = if case .granted(let lease) = outcome { .revoke(lease: lease) } else { .grant }
        return .answer(Answer(verb: verb, latency: latency, problem: problem))
    }
}
