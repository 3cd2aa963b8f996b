package import BerthCore
package import BerthStore
import Synchronization

/// The tokens that let somebody in, in memory: each request over TCP looks here.
///
/// It follows the commits, so that a token is known before its maker is answered, and lets nobody in once its revocation
/// was. A token is found by the hash of what was sent, whose bytes nobody chooses, and compared with it in constant time.
package final class TokenBook: Sendable {
    private struct Entries {
        var tokens: [TokenHash: Token] = [:]
        var hashes: [TokenID: TokenHash] = [:]

        mutating func add(_ stored: StoredToken) {
            tokens[stored.hash] = stored.token
            hashes[stored.token.id] = stored.hash
        }
    }

    private let entries: Mutex<Entries>
    private let clock: any HostClock

    init(_ stored: [StoredToken], clock: any HostClock) {
        var entries = Entries()
        for each in stored { entries.add(each) }
        self.entries = Mutex(entries)
        self.clock = clock
    }

    /// The token that somebody sent the secret of; nil when there is none, or it is past its end.
    package func token(_ hash: TokenHash) -> Token? {
        guard let token = entries.withLock({ $0.tokens[hash] }) else { return nil }
        return token.state(at: clock.now().wall) == .active ? token : nil
    }

    /// Whether a token lets its bearer in still, for what goes on for long.
    package func isActive(_ id: TokenID) -> Bool {
        let token = entries.withLock { entries in entries.hashes[id].flatMap { entries.tokens[$0] } }
        return token?.state(at: clock.now().wall) == .active
    }

    func created(_ stored: StoredToken) { entries.withLock { $0.add(stored) } }

    func revoked(_ id: TokenID) {
        entries.withLock { entries in
            if let hash = entries.hashes.removeValue(forKey: id) { entries.tokens[hash] = nil }
        }
    }
}
