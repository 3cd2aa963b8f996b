import BerthCore
import Crypto
import FoundationEssentials

/// Recognises bearer tokens (RFC 6750). It keeps only their hashes.
package struct TokenCheck: Sendable {
    private let administratorHash: SHA256.Digest

    package init(administratorToken: String) {
        administratorHash = SHA256.hash(data: Data(administratorToken.utf8))
    }

    /// The caller whom the one Authorization field stands for; nil for no field, several, or an unknown token.
    ///
    /// Digests are compared in constant time (swift-crypto's `Digest` equality), so that no answer's delay tells how much
    /// of a guess was right.
    func caller(_ fields: [String]) -> Caller? {
        guard fields.count == 1, let field = fields.first else { return nil }
        let parts = field.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer",
            SHA256.hash(data: Data(parts[1].utf8)) == administratorHash
        else { return nil }
        return Caller(principal: .token("admin"), isAdministrator: true, mayNameProcesses: true)
    }
}
