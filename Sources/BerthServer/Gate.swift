import BerthCore
import HTTPTypes
package import Hummingbird
import NIOCore

/// Decides who a request comes from, and whether it may come at all.
package enum Gate: Sendable {
    /// The Unix socket: the kernel tells the user at the other end.
    case socket(Peers, daemonUser: UInt32)
    /// TCP: a bearer token, and checks that keep web pages of other origins out.
    case network(TokenCheck, HostCheck)
}

/// Passes a request through its listener's gate.
package struct GateMiddleware: RouterMiddleware {
    package typealias Context = BerthRequestContext

    /// What TCP answers without a token. Pages under `/problems/` are open too.
    private static let openPaths: Set<String> = ["/livez", "/readyz", "/openapi.json", "/docs"]

    let gate: Gate
    /// Counts the principals' connections; nil where they may have as many as the listener takes.
    var connections: ConnectionCount?

    package init(gate: Gate) { self.gate = gate }

    package func handle(
        _ request: Request, context: BerthRequestContext,
        next: (Request, BerthRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        switch gate {
        case .socket(let peers, let daemonUser):
            guard let user = peers.user(of: context.channel) else {
                throw BerthError(.unauthorized, "The kernel did not tell who is at the other end of the socket.")
            }
            context.peers = peers
            context.caller = Caller(
                principal: .user(user), isAdministrator: user == 0 || user == daemonUser, mayNameProcesses: true)
        case .network(let tokens, let hosts):
            try hosts.check(request, on: context.channel)
            let bearer = tokens.bearer(request.headers[values: .authorization])
            guard bearer != nil || Self.isOpen(request) else {
                throw BerthError(
                    .unauthorized,
                    "Send a token as Authorization: Bearer <token>: one that was made for you, was not revoked and is not"
                        + " past its end, or the administrator's in the daemon's token file.")
            }
            context.caller = bearer?.caller
            context.token = bearer?.token
        }
        if let caller = context.caller { try admit(context.channel, caller.principal) }
        return try await next(request, context)
    }

    /// On TCP a connection belongs to nobody before its first request, and is counted here.
    private func admit(_ channel: any Channel, _ principal: Principal) throws(BerthError) {
        guard let connections, !connections.admit(channel, as: principal) else { return }
        // The connection ends once this request is answered.
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        throw connections.refusal(principal)
    }

    /// Whatever the method: all that there is at these paths is to be read, and other methods are told so.
    static func isOpen(_ request: Request) -> Bool {
        openPaths.contains(request.uri.path) || request.uri.path.hasPrefix("/problems/")
    }
}
