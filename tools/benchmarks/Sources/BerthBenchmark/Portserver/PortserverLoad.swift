import Glibc

/// Allocations of a running portserver (the one of portpicker), which hands out one port for each connection.
package struct PortserverLoad {
    private let endpoint: Endpoint

    package init(endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// All ports are asked for in the name of this process.
    ///
    /// A portserver takes no port back: it gives one out again when the process that it was for has gone, and finds that
    /// out by looking at the ports in its queue one after the other. So it is quickest while its queue has ports that
    /// nobody had yet, and that is what is measured here: a pool as large as the host allows, started anew for each
    /// measurement, and a measured time in which it does not run out (65,000 ports last for half a minute). Where it
    /// does run out, the measurement fails and says so. Each port must come once only, since this process lives on.
    package func measure(
        connections: Int, warmUp: Nanoseconds, duration: Nanoseconds, daemon: CPUClock?
    ) throws(BenchmarkError) -> Measurement {
        let given = GivenPorts()
        let clients = (0..<connections).map { _ in PortserverClient(endpoint: endpoint, given: given) }
        return try ClosedLoop(clients, daemon: daemon).run(warmUp: warmUp, duration: duration)
    }
}

/// The ports that were given out so far.
final class GivenPorts {
    private var isGiven = [Bool](repeating: false, count: 65_536)
    private(set) var count = 0

    /// Whether the port comes for the first time.
    func add(_ port: UInt16) -> Bool {
        guard !isGiven[Int(port)] else { return false }
        isGiven[Int(port)] = true
        count += 1
        return true
    }
}

/// A client that connects anew for each port.
final class PortserverClient: Client {
    private let endpoint: Endpoint
    private let given: GivenPorts
    private let request = Array("\(getpid())\n".utf8)
    private var socket: Int32 = -1
    private var sentAt: Nanoseconds = 0
    private var text: [UInt8] = []

    init(endpoint: Endpoint, given: GivenPorts) {
        self.endpoint = endpoint
        self.given = given
    }

    deinit { hangUp() }

    private func hangUp() {
        if socket >= 0 { close(socket) }
        socket = -1
    }

    func send(stopping: Bool) -> Sending {
        if stopping { return .idle }
        text.removeAll(keepingCapacity: true)
        sentAt = .now
        do throws(BenchmarkError) { socket = try endpoint.connect() } catch { return .broken(reason: "\(error)") }
        let sent = Glibc.send(socket, request, request.count, Int32(MSG_NOSIGNAL))
        return sent == request.count ? .sent(watch: socket) : .broken(reason: "a request could not be sent")
    }

    func receive() -> Reading {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(socket, &bytes, bytes.count, 0)
        if count < 0 {
            let code = errno
            if code == EAGAIN || code == EINTR { return .incomplete }
            return .broken(reason: "connection failed: \(String(cString: strerror(code)))")
        }
        text += bytes[..<count]
        do throws(PortserverAnswer.Defect) {
            guard let port = try PortserverAnswer.port(in: text, isWhole: count == 0) else { return .incomplete }
            let latency = Nanoseconds.now - sentAt
            hangUp()
            guard given.add(port) else { return .broken(reason: "a port was given out twice") }
            return .answer(Answer(verb: .grant, latency: latency, problem: nil))
        } catch {
            return .broken(reason: error == .refused ? "\(error.rawValue) after \(given.count) ports" : error.rawValue)
        }
    }
}

/// What a portserver says: a port and a line's end, or nothing at all.
enum PortserverAnswer {
    enum Defect: String, Error {
        /// The process that asks is there, so nothing else can be the reason.
        case refused = "no port: the portserver's pool ran out"
        case malformed = "an answer that is no port"
    }

    /// The port; nil while there may come more.
    static func port(in text: [UInt8], isWhole: Bool) throws(Defect) -> UInt16? {
        guard text.last == UInt8(ascii: "\n") else {
            guard isWhole else { return nil }
            throw text.isEmpty ? .refused : .malformed
        }
        let digits = text.dropLast()
        guard digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let port = UInt16(String(decoding: digits, as: UTF8.self))
        else { throw .malformed }
        if port == 0 { throw .refused }
        return port
    }
}
