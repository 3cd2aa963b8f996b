import BerthAPI
import BerthCore
import BerthRouter
import Synchronization

/// Where sessions' agents are reached from outside, and what opens them there.
final class AgentFront: Sendable {
    let key: SessionTokenKey
    /// The router's own URL; nil until it listens, and where there is none.
    private let router = Mutex<String?>(nil)

    init(key: SessionTokenKey) { self.key = key }

    func isRouting(at url: String) { router.withLock { $0 = url } }

    /// With a slash at its end: paths are appended to it. Nil for an agent without a port where no router leads to it.
    func url(_ session: SessionName, _ agent: AgentName, _ port: Port?) -> String? {
        guard let router = router.withLock({ $0 }) else { return port.map { "http://127.0.0.1:\($0.number)/" } }
        return "\(router)/s/\(APIPath.percentEncoded(session.rawValue))/\(agent)/"
    }

    /// Nil where no router listens.
    func token(ofSession row: Int64) -> String? {
        router.withLock { $0 } == nil ? nil : key.token(ofSession: row).text
    }
}
