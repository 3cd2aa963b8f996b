/// What a credential is worth for a session.
package enum Judgement: Hashable, Sendable {
    /// Nobody's.
    case unknown
    /// Somebody's who may not see that session, or there is none.
    case foreign
    case allowed
}

/// Knows who may send requests to a session's agents.
package protocol RouteGuard: Sendable {
    /// - Parameters:
    ///   - secret: what a request brought.
    ///   - session: nil where there is no such session; nobody learns that without a credential.
    func judge(_ secret: String, for session: RoutedSession?) -> Judgement
}
