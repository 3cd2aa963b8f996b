package import NIOCore
package import NIOHTTP1

/// An answer that was read whole.
package struct WholeAnswer: Sendable {
    package var status: HTTPResponseStatus
    /// Without those of the connection and of the body's framing.
    package var headers: HTTPHeaders
    package var body: ByteBuffer

    package init(status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// How clients reach an agent.
package struct PublicPlace: Hashable, Sendable {
    package let scheme: String
    /// Host and perhaps port, as the client named them.
    package let authority: String
    /// `/s/{session}/{agent}`; empty where the host names the agent.
    package let prefix: String

    package init(scheme: String, authority: String, prefix: String) {
        self.scheme = scheme
        self.authority = authority
        self.prefix = prefix
    }
}

/// Changes whole answers on their way to the client.
///
/// Where it wants an answer, the agent is asked for all of it, as it is: `Accept-Encoding`, `Range` and conditions are left
/// out. An answer over ``RouterLimits/maxHeldBytes`` passes unchanged. An `ETag` in the changed answer is compared with the
/// client's `If-None-Match` by the router.
package protocol AnswerTransform: Sendable {
    /// - Parameter path: the agent's, without a query.
    func wants(_ route: AgentRoute, path: String) -> Bool

    func transform(_ answer: WholeAnswer, of route: AgentRoute, path: String, at place: PublicPlace) -> WholeAnswer
}
