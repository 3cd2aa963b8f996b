internal import BerthCore
internal import NIOHTTP1

/// Makes the head that an agent gets out of the one that a client sent.
struct RequestFields {
    /// Who asks, as far as the router sees it.
    struct Origin {
        /// The client's address, as digits.
        let client: String
        /// `http` or `https`.
        let scheme: String
        let host: RequestHost
        /// The part of the path that was taken away.
        let prefix: String
        let requestID: String
    }

    let origin: Origin
    let framing: BodyFraming
    let credential: Credential
    /// Whether an `Authorization` that is no credential of Berth's stands there.
    let keepsAuthorization: Bool
    /// The protocol that is asked for; nil for HTTP as it is.
    let upgrade: String?
    /// The answer is to be read whole: it may not come packed, in parts or not at all.
    let isHeld: Bool

    func head(_ request: HTTPRequestHead, path: String, authority: String) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count + 8)
        headers.add(name: "Host", value: authority)
        // Without the field every coding would do (RFC 9110, 12.5.3).
        if isHeld { headers.add(name: "Accept-Encoding", value: "identity") }
        let options = ConnectionOptions(request.headers)
        for (name, value) in request.headers where !options.names(name) {
            switch FieldKind(name) {
            case .endToEnd, .setCookie: if !isHeld || !Self.isOfParts(name) { headers.add(name: name, value: value) }
            case .expect: if request.version == .http1_1 { headers.add(name: name, value: value) }
            case .authorization:
                if keepsAuthorization { headers.add(name: name, value: value) }
            case .cookie:
                if let value = Credential.otherCookies(value) { headers.add(name: name, value: value) }
            case .hopByHop, .forwarding, .host, .contentLength, .ownAuthorization, .requestID: break
            }
        }
        addHop(to: &headers, request)
        addOrigin(to: &headers)
        return HTTPRequestHead(version: .http1_1, method: request.method, uri: path, headers: headers)
    }

    private func addHop(to headers: inout HTTPHeaders, _ request: HTTPRequestHead) {
        switch framing {
        case .none:
            // Without it some wait for a body all the same (RFC 9110, 8.6).
            if [.POST, .PUT, .PATCH].contains(request.method) { headers.add(name: "Content-Length", value: "0") }
        case .length(let length): headers.add(name: "Content-Length", value: length)
        case .chunked: headers.add(name: "Transfer-Encoding", value: "chunked")
        case .close: break
        }
        var connection: [String] = []
        if let upgrade {
            headers.add(name: "Upgrade", value: upgrade)
            connection.append("Upgrade")
        }
        if request.headers["te"].contains(where: Self.namesTrailers) {
            headers.add(name: "TE", value: "trailers")
            connection.append("TE")
        }
        if !connection.isEmpty { headers.add(name: "Connection", value: connection.joined(separator: ", ")) }
    }

    private func addOrigin(to headers: inout HTTPHeaders) {
        headers.add(name: "X-Request-Id", value: origin.requestID)
        headers.add(name: "X-Forwarded-For", value: origin.client)
        headers.add(name: "X-Forwarded-Host", value: origin.host.text)
        headers.add(name: "X-Forwarded-Proto", value: origin.scheme)
        if !origin.prefix.isEmpty { headers.add(name: "X-Forwarded-Prefix", value: origin.prefix) }
        headers.add(name: "Forwarded", value: origin.host.forwarded)
    }

    private static func namesTrailers(_ value: String) -> Bool {
        value.split(separator: ",").contains { coding in
            coding.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != ";" && $0 != "\t" }.lowercased()
                == "trailers"
        }
    }

    /// Fields that ask for an answer which is packed, a part, or left out.
    private static func isOfParts(_ name: String) -> Bool {
        switch name.lowercased() {
        case "accept-encoding", "range", "if-range", "if-none-match", "if-modified-since", "if-match",
            "if-unmodified-since":
            true
        default: false
        }
    }

    /// The trailer section that may go on (RFC 9110, 6.5.1): nothing that frames, routes or authorises.
    static func trailers(_ trailers: HTTPHeaders?) -> HTTPHeaders? {
        guard let trailers else { return nil }
        var kept = HTTPHeaders()
        for (name, value) in trailers where FieldKind(name) == .endToEnd { kept.add(name: name, value: value) }
        return kept.isEmpty ? nil : kept
    }
}
