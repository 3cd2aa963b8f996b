import Glibc

/// One keep-alive connection with at most one request under way.
final class Connection {
    /// What a look at the socket gave.
    enum Reading {
        /// The answer has not arrived, or not to its end.
        case incomplete
        case answer(Answer)
        /// Nothing more will come over this connection.
        case broken(reason: String)
    }

    struct Answer {
        let request: Request
        let latency: Nanoseconds
        let status: Int
        /// The id in a lease object, where the request asks for one and the status is the right one.
        let lease: UInt64?
        /// What the daemon said instead, when it was not the expected answer.
        let problem: String?
    }

    let socket: Int32
    /// The request that waits for its answer.
    private(set) var request: Request?
    private var sentAt: Nanoseconds = 0
    private var requests: RequestBytes
    /// Holds every answer that the daemon gives to these requests: a lease and its headers have under 2 KiB.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
    private var filled = 0

    init(endpoint: Endpoint, number: Int) throws(BenchmarkError) {
        requests = RequestBytes(endpoint: endpoint, connection: number)
        socket = try endpoint.connect()
    }

    deinit {
        close(socket)
        buffer.deallocate()
    }

    /// Sends a request; false when the connection did not take it. A few hundred bytes always fit into the socket's
    /// empty buffer, so a short write is treated as a broken connection.
    func send(_ request: Request) -> Bool {
        self.request = request
        sentAt = .now
        return requests.withBytes(of: request) { bytes in
            Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }
    }

    /// Reads what has arrived.
    func receive() -> Reading {
        let room = buffer.count - filled
        guard room > 0, let base = buffer.baseAddress else { return .broken(reason: "an answer over 16 KiB") }
        let count = recv(socket, base + filled, room, 0)
        if count < 0 {
            let code = errno
            if code == EAGAIN || code == EINTR { return .incomplete }
            return .broken(reason: "connection failed: \(String(cString: strerror(code)))")
        }
        if count == 0 { return .broken(reason: "connection closed by the daemon") }
        filled += count
        guard let request else { return .broken(reason: "an answer to no request") }
        do throws(Response.Defect) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            guard let response = try Response.scan(bytes) else { return .incomplete }
            filled = 0
            self.request = nil
            let body = UnsafeRawBufferPointer(rebasing: bytes[response.body])
            return .answer(answer(to: request, status: response.status, body: body))
        } catch {
            return .broken(reason: error.rawValue)
        }
    }

    private func answer(to request: Request, status: Int, body: UnsafeRawBufferPointer) -> Answer {
        let latency = Nanoseconds.now - sentAt
        let isRight = status == request.expectedStatus
        let lease = isRight && request.expectsLease ? LeaseIDScanner.id(in: body) : nil
        let isUsable = isRight && (lease != nil) == request.expectsLease
        let problem = isUsable ? nil : String(decoding: body.prefix(600), as: UTF8.self)
        return Answer(request: request, latency: latency, status: status, lease: lease, problem: problem)
    }
}
