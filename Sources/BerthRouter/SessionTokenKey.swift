package import BerthCore
internal import Crypto
internal import FoundationEssentials

/// Makes the tokens of sessions and knows them again, so that nothing secret is kept for any of them.
///
/// A token is HMAC-SHA256 (RFC 2104) of the number of the session's row. The key comes from the administrator's token by HKDF
/// (RFC 5869): a new administrator's token makes all tokens of sessions void.
package struct SessionTokenKey: Sendable {
    private let key: SymmetricKey

    package init(administratorToken: String) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(administratorToken.utf8)),
            info: Data("berth: tokens of sessions, 1".utf8), outputByteCount: 32)
    }

    /// The token of a session: the same each time.
    package func token(ofSession row: Int64) -> TokenSecret {
        TokenSecret(bytes: Array(HMAC<SHA256>.authenticationCode(for: Data(String(row).utf8), using: key)))
    }

    /// Whether a text is the session's token. It takes the same time wherever the two differ.
    package func opens(_ secret: String, session row: Int64) -> Bool {
        let (mine, other) = (Array(token(ofSession: row).text.utf8), Array(secret.utf8))
        guard mine.count == other.count else { return false }
        return zip(mine, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
