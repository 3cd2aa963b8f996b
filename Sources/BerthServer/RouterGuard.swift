import BerthAPI
import BerthCore
package import BerthRouter
import BerthStore
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

    /// Its hash is made once.
    package func present(_ secret: String) -> any PresentedSecret {
        Presented(gate: self, secret: secret, hash: TokenHash(ofSecret: secret))
    }

    private final class Presented: PresentedSecret {
        private let gate: RouterGuard
        private let secret: String
        private let hash: TokenHash
        /// Whether it is the own token of the session with that row: neither changes.
        private var own: (row: Int64, opens: Bool)?

        init(gate: RouterGuard, secret: String, hash: TokenHash) {
            self.gate = gate
            self.secret = secret
            self.hash = hash
        }

        /// Tokens first; what is none of them may be the session's own.
        func judge(for session: RoutedSession?) -> Judgement {
            if let bearer = gate.tokens.bearer(hash) {
                guard let session, bearer.caller.maySee(session.principal) else { return .foreign }
                return .allowed
            }
            guard let session, opens(session.row) else { return .unknown }
            return .allowed
        }

        private func opens(_ row: Int64) -> Bool {
            if let own, own.row == row { return own.opens }
            let opens = gate.key.opens(secret, session: row)
            own = (row, opens)
            return opens
        }
    }
}

extension RouterParts {
    /// A router's surroundings, those of the API.
    /// - Parameters:
    ///   - hosts: what clients may call the router by, as they may the API.
    ///   - certificate: makes it speak TLS, which the check of hosts has to expect.
    package convenience init(
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
