/// The requests of one connection as bytes, made once: while load runs, only a lease's number is written anew.
struct RequestBytes {
    private let grant: [UInt8]
    private let echo: [UInt8]
    private let livez: [UInt8]
    private let releaseHead: [UInt8]
    private let releaseTail: [UInt8]
    private var release: [UInt8] = []

    /// - Parameter session: each connection has one of its own.
    init(endpoint: Endpoint, session: String) {
        var shared = "Host: localhost\r\n"
        if case .tcp(_, _, let token?) = endpoint { shared += "Authorization: Bearer \(token)\r\n" }
        let body = #"{"session":"\#(session)","count":6,"ttl_seconds":300}"#
        let described = "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        grant = Array("POST /v1/leases HTTP/1.1\r\n\(shared)\(described)".utf8)
        echo = Array("POST /v1/echo HTTP/1.1\r\n\(shared)\(described)".utf8)
        livez = Array("GET /livez HTTP/1.1\r\n\(shared)\r\n".utf8)
        releaseHead = Array("DELETE /v1/leases/".utf8)
        releaseTail = Array(" HTTP/1.1\r\n\(shared)\r\n".utf8)
    }

    mutating func withBytes<Result>(of request: Request, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch request {
        case .grant: return grant.withUnsafeBytes(body)
        case .echo: return echo.withUnsafeBytes(body)
        case .livez: return livez.withUnsafeBytes(body)
        case .release(let lease):
            writeRelease(of: lease)
            return release.withUnsafeBytes(body)
        }
    }

    private mutating func writeRelease(of lease: UInt64) {
        release.removeAll(keepingCapacity: true)
        release.append(contentsOf: releaseHead)
        let start = release.count
        var rest = lease
        repeat {
            release.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        release[start...].reverse()
        release.append(contentsOf: releaseTail)
    }
}
