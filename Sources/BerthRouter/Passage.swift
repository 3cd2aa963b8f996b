internal import BerthCore
internal import NIOCore

/// One request under way, and its answer.
final class Passage {
    let head: RequestHead
    let requestID: String
    let startedAt: NIODeadline
    /// Nil for what could not be read.
    var reading: RequestReading?
    var target: RouteTarget?
    var session: RoutedSession?
    var credential: Credential?
    var keepsAuthorization = false
    /// Where it goes; it was begun there, and is finished when the passage ends.
    var route: AgentRoute?
    var upstream: UpstreamConnection?
    /// Whether the agent's connection can carry another request.
    var keepsUpstream = false
    /// Whether the connection ends behind the answer.
    var isLast = false
    /// How the client is told where the answer's body ends.
    var answerFraming = BodyFraming.none
    /// Whether the answer is to be read whole, by its route.
    var wantsHeld = false
    /// The answer, while all of it is waited for.
    var held: WholeAnswer?

    init(head: RequestHead, requestID: String) {
        self.head = head
        self.requestID = requestID
        startedAt = .now()
    }

    /// Whether it may come twice (RFC 9110, 9.2.2), and has no body that would have to be sent again.
    var isRepeatable: Bool {
        guard reading?.framing == BodyFraming.none, reading?.upgrade == nil else { return false }
        switch head.method {
        case .get, .head, .options, .trace, .put, .delete: return true
        case .post, .patch, .connect, .other: return false
        }
    }

    var place: UpstreamPlace? { route.map { UpstreamPlace(lease: $0.lease, port: $0.port) } }

    /// The agent's path without the query.
    var path: String {
        guard let path = target?.path else { return "" }
        guard let end = path.utf8.firstIndex(of: UInt8(ascii: "?")) else { return path }
        return String(path[..<end])
    }
}
