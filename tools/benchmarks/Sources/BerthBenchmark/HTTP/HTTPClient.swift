import Glibc

/// One keep-alive connection to a Berth.
final class HTTPClient: Client {
    private let socket: Int32
    private var isWatched = false
    /// The request to send when the last one was answered; nil when its answer leaves nothing to do.
    private var next: Request?
    /// The request that waits for its answer.
    private var request: Request?
    private var sentAt: Nanoseconds = 0
    private var requests: RequestBytes
    /// Holds every answer that the daemon gives to these requests: a lease and its headers have under 2 KiB.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
    private var filled = 0

    init(endpoint: Endpoint, workload: Workload, session: String) throws(BenchmarkError) {
        requests = RequestBytes(endpoint: endpoint, session: session)
        next = workload.first
        socket = try endpoint.connect()
    }

    deinit {
        close(socket)
        buffer.deallocate()
    }

    /// A few hundred bytes always fit into the socket's empty buffer, so a short write is treated as a broken
    /// connection.
    func send(stopping: Bool) -> Sending {
        guard let request = next, !stopping || request.givesBack else { return .idle }
        self.request = request
        sentAt = .now
        let isSent = requests.withBytes(of: request) { bytes in
            Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }
        guard isSent else { return .broken(reason: "a request could not be sent") }
        defer { isWatched = true }
        return .sent(watch: isWatched ? nil : socket)
    }

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
        next = request.next(lease: lease)
        var problem: Answer.Problem?
        if !isRight || (lease != nil) != request.expectsLease {
            let missing = isRight ? " without the expected content" : ""
            problem = Answer.Problem(
                reason: "\(request.name) answered \(status)\(missing)",
                detail: String(decoding: body.prefix(600), as: UTF8.self))
        }
        return Answer(verb: request.verb, latency: latency, problem: problem)
    }
}
