import BerthCore

extension AuditDetails {
    /// A token: what it was made with, or by its number alone when it is revoked. Its name stands in the record's holder.
    package struct Token: Hashable, Sendable, Codable {
        package var id: Int64
        /// SHA-256 of the hash by which its bearer is recognised, in hexadecimal; see ``TokenHash/fingerprint``.
        package var fingerprint: String?
        package var maxPorts: Int?
        package var allowsPIDs: Bool?
        package var expiresAt: Int64?

        enum CodingKeys: String, CodingKey {
            case id, fingerprint
            case maxPorts = "max_ports"
            case allowsPIDs = "allow_pids"
            case expiresAt = "expires_at_ms"
        }
    }
}

extension AuditDetails.Token {
    init(_ token: BerthCore.Token, _ hash: TokenHash) {
        self.init(
            id: token.id.number, fingerprint: hash.fingerprint, maxPorts: token.terms.maxPorts,
            allowsPIDs: token.terms.mayNameProcesses ? true : nil, expiresAt: token.expiresAt?.milliseconds)
    }
}

extension JSONLine {
    mutating func add(_ key: String, _ token: AuditDetails.Token?) {
        guard let token else { return }
        open(key)
        add("id", token.id)
        add("fingerprint", token.fingerprint)
        add("max_ports", token.maxPorts.map { Int64($0) })
        if token.allowsPIDs == true { add("allow_pids", raw: "true") }
        add("expires_at_ms", token.expiresAt)
        close()
    }
}
