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
    /// Makes a secret that a request brought ready to be judged, as often as it comes again.
    func present(_ secret: String) -> any PresentedSecret
}

/// A secret that somebody brought. What it is worth is found out anew each time: a token can be revoked meanwhile.
package protocol PresentedSecret {
    /// - Parameter session: nil where there is no such session; nobody learns that without a credential.
    func judge(for session: RoutedSession?) -> Judgement
}
