internal import BerthCore

/// Keeps pages of other sites from using a cookie that the browser sends by itself.
///
/// A person may follow a link to an agent's page from anywhere; nothing else comes from other sites. What browsers say of
/// themselves: https://w3c.github.io/webappsec-fetch-metadata/, and `Origin` (RFC 6454, 7).
enum BrowserCheck {
    /// - Parameters:
    ///   - head: of a request whose credential is the cookie.
    ///   - host: the one that it named, which is the router's own.
    /// - Throws: `forbidden-origin`.
    static func check(_ head: RequestHead, host: String, scheme: String) throws(BerthError) {
        let origins = head.fields["origin"]
        let areOwn = origins.count < 2 && origins.allSatisfy { isOwn(origin: $0, host: host, scheme: scheme) }
        let isForeign = head.fields["sec-fetch-site"].contains { $0.lowercased() == "cross-site" }
        guard areOwn, !isForeign || isNavigation(head) else {
            throw BerthError(
                .forbiddenOrigin,
                "A page of another site may not use the cookie. Open the address itself, or send a token.")
        }
    }

    /// The host that was asked, or another agent of the same session.
    private static func isOwn(origin: String, host: String, scheme: String) -> Bool {
        let start = scheme + "://"
        let origin = origin.lowercased()
        guard origin.hasPrefix(start) else { return false }
        let named = String(origin.dropFirst(start.count))
        if named == host.lowercased() { return true }
        guard let one = AgentHost(named), let other = AgentHost(host) else { return false }
        return one.label == other.label && one.port == other.port
    }

    private static func isNavigation(_ head: RequestHead) -> Bool {
        (head.method == .get || head.method == .head) && head.fields["sec-fetch-mode"].first == "navigate"
            && head.fields["sec-fetch-dest"].first == "document"
    }
}
