internal import NIOCore

/// What the `Host` of a request means where it came in.
final class RequestHost {
    /// As it was sent.
    let text: String
    /// The agent that it names, if it does.
    let agent: AgentHost?
    /// Whether it is the router's.
    let isOwn: Bool
    /// The lines that tell an agent of the request's way: `X-Forwarded-*` and `Forwarded` (RFC 7239).
    let origin: String

    /// - Parameters:
    ///   - client: the client's address, as digits.
    ///   - end: where the client connected to.
    ///   - isOwnHost: see ``RouterParts/isOwnHost``.
    init(
        _ text: String, client: String, scheme: String, at end: SocketAddress?,
        isOwnHost: (String, SocketAddress?) -> Bool
    ) {
        self.text = text
        agent = AgentHost(text)
        isOwn = if let agent { agent.port == nil || agent.port == end?.port } else { isOwnHost(text, end) }
        // RFC 7239, 6: an IPv6 address stands in brackets, and with them or a port in quotes.
        let node = client.contains(":") ? "\"[\(client)]\"" : client
        origin = """
            X-Forwarded-For: \(client)\r
            X-Forwarded-Host: \(text)\r
            X-Forwarded-Proto: \(scheme)\r
            Forwarded: for=\(node);host="\(text)";proto=\(scheme)\r

            """
    }
}
