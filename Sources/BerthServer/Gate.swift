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
            context.caller = tokens.caller(request.headers[values: .authorization])
            guard context.caller != nil || Self.isOpen(request) else {
                throw BerthError(
                    .unauthorized, "Send the token as Authorization: Bearer <token>. It is in the daemon's token file.")
            }
        }
        return try await next(request, context)
    }

    private static func isOpen(_ request: Request) -> Bool {
        guard request.method == .get || request.method == .head else { return false }
        return openPaths.contains(request.uri.path) || request.uri.path.hasPrefix("/problems/")
    }
}
