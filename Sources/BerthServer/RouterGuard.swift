import BerthAPI
import BerthCore
package import BerthRouter
import FoundationEssentials
package import Logging
import NIOCore

/// Lets requests to a session's agents through: with the session's own token, its principal's, or an administrator's.
package struct RouterGuard: RouteGuard {
    private let tokens: TokenCheck
    private let key: SessionTokenKey

    package init(tokens: TokenCheck, key: SessionTokenKey) {
        self.tokens = tokens
        self.key = key
    }

    /// Tokens first; what is none of them may be the session's own.
    package func judge(_ secret: String, for session: RoutedSession?) -> Judgement {
        if let bearer = tokens.bearer(secret: secret) {
            guard let session, bearer.caller.maySee(session.principal) else { return .foreign }
            return .allowed
        }
        guard let session, key.opens(secret, session: session.row) else { return .unknown }
        return .allowed
    }
}

extension RouterParts {
    /// A router's surroundings, those of the API.
    /// - Parameters:
    ///   - hosts: what clients may call the router by, as they may the API.
    ///   - certificate: makes it speak TLS, which the check of hosts has to expect.
    package init(
        table: any RouteTable, gate: any RouteGuard, hosts: HostCheck, certificate: ServerCertificate?,
        transform: (any AnswerTransform)?, logger: Logger
    ) {
        let requestIDs = RequestIDs()
        var secure: (@Sendable (any Channel) -> EventLoopFuture<Void>)?
        if let certificate { secure = { channel in certificate.secure(channel) } }
        self.init(
            table: table, gate: gate,
            isOwnHost: { host, end in hosts.isOwn(host, at: ListenerEnd(end)) },
            requestID: { requestIDs.accept($0) },
            problem: { error, requestID in
                // A problem holds texts and numbers only, which always encode.
                ByteBuffer(bytes: (try? JSON.encoder.encode(Problem(error, requestID: requestID))) ?? Data())
            },
            secure: secure,
            transform: transform, logger: logger)
    }
}
