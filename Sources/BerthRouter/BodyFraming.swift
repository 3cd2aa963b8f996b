internal import BerthCore
internal import NIOHTTP1

/// How it is told where a message's body ends (RFC 9112, 6).
enum BodyFraming: Hashable {
    case none
    case length(String)
    case chunked
    /// With the connection. Of answers alone.
    case close

    /// A request's.
    /// - Throws: `malformed-request` for one that no two programs would surely agree on.
    init(ofRequest head: HTTPRequestHead) throws(BerthError) {
        let (lengths, codings) = (head.headers["content-length"], head.headers["transfer-encoding"])
        switch (lengths.count, codings.count) {
        case (0, 0): self = .none
        case (1, 0):
            guard !lengths[0].isEmpty, lengths[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw Self.unclear
            }
            self = lengths[0] == "0" ? .none : .length(lengths[0])
        case (0, 1):
            guard codings[0].lowercased() == "chunked", head.version == .http1_1 else { throw Self.unclear }
            self = .chunked
        default: throw Self.unclear
        }
    }

    /// An answer's, for a client of that version.
    init(ofAnswer head: HTTPResponseHead, to method: HTTPMethod, version: HTTPVersion) {
        let code = head.status.code
        if method == .HEAD || code / 100 == 1 || code == 204 || code == 304 {
            self = .none
        } else if !head.headers.contains(name: "transfer-encoding"),
            let length = head.headers.first(name: "content-length")
        {
            self = .length(length)
        } else {
            self = version == .http1_1 ? .chunked : .close
        }
    }

    private static let unclear = BerthError(
        .malformedRequest, "It is not clear where the request's body ends. Send one Content-Length, or chunks.")
}
