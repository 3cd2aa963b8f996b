package import BerthCore

/// The body of `POST /v1/tokens`.
package struct TokenRequest: Codable, Sendable {
    package let wish: TokenWish

    enum CodingKeys: String, CodingKey {
        case name
        case maxPorts = "max_ports"
        case ttlSeconds = "ttl_seconds"
        case allowsPIDs = "allow_pids"
    }

    package init(_ wish: TokenWish) { self.wish = wish }

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: ["name", "max_ports", "ttl_seconds", "allow_pids"])
        reader.require("name")
        let name = reader.name("name", TokenName.self)
        let maxPorts = reader.isNull("max_ports") ? nil : reader.integer("max_ports", RequestBounds.quota)
        let ttl = reader.isNull("ttl_seconds") ? nil : reader.integer("ttl_seconds", RequestBounds.ttlSeconds)
        let allowsPIDs = reader.value("allow_pids", Bool.self, "true or false") ?? false
        try reader.check()
        guard let name else { throw BerthError(.internal, "A checked request lacks a member.") }
        wish = TokenWish(
            name: name, terms: TokenTerms(maxPorts: maxPorts, mayNameProcesses: allowsPIDs), ttlSeconds: ttl)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(wish.name.rawValue, forKey: .name)
        try container.encodeIfPresent(wish.terms.maxPorts, forKey: .maxPorts)
        try container.encodeIfPresent(wish.ttlSeconds, forKey: .ttlSeconds)
        if wish.terms.mayNameProcesses { try container.encode(true, forKey: .allowsPIDs) }
    }
}

/// A token as it stands on the wire, without its secret.
package struct TokenResource: Codable, Hashable, Sendable {
    package var name: String
    /// Whom its bearer's leases belong to.
    package var principal: String
    /// `active`, `expired` or `revoked`.
    package var state: String
    package var maxPorts: Int?
    package var allowsPIDs: Bool
    package var createdAt: String
    package var createdBy: String
    package var expiresAt: String?
    package var revokedAt: String?

    enum CodingKeys: String, CodingKey {
        case name, principal, state
        case maxPorts = "max_ports"
        case allowsPIDs = "allow_pids"
        case createdAt = "created_at"
        case createdBy = "created_by"
        case expiresAt = "expires_at"
        case revokedAt = "revoked_at"
    }

    package init(_ token: Token, now: Instant) {
        name = token.name.rawValue
        principal = token.principal.description
        state = token.state(at: now).rawValue
        maxPorts = token.terms.maxPorts
        allowsPIDs = token.terms.mayNameProcesses
        createdAt = token.createdAt.description
        createdBy = token.createdBy.description
        expiresAt = token.expiresAt?.description
        revokedAt = token.revokedAt?.description
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(principal, forKey: .principal)
        try container.encode(state, forKey: .state)
        try container.encode(maxPorts, forKey: .maxPorts)
        try container.encode(allowsPIDs, forKey: .allowsPIDs)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(createdBy, forKey: .createdBy)
        try container.encode(expiresAt, forKey: .expiresAt)
        try container.encode(revokedAt, forKey: .revokedAt)
    }
}

/// The answer of `POST /v1/tokens`: the token, and the one time that its secret is told.
package struct CreatedToken: Codable, Sendable {
    package var resource: TokenResource
    /// What its bearer sends. Null in the answer to a repeat: it is kept nowhere.
    package var token: String?

    enum CodingKeys: String, CodingKey { case token }

    package init(_ resource: TokenResource, token: String?) {
        self.resource = resource
        self.token = token
    }

    package init(from decoder: any Decoder) throws {
        resource = try TokenResource(from: decoder)
        token = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .token)
    }

    package func encode(to encoder: any Encoder) throws {
        try resource.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(token, forKey: .token)
    }
}

/// One page of `GET /v1/tokens`.
package struct TokenPage: Codable, Sendable {
    package var tokens: [TokenResource]
    /// Null on the last page.
    package var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case tokens
        case nextCursor = "next_cursor"
    }

    package init(tokens: [TokenResource], nextCursor: String?) {
        self.tokens = tokens
        self.nextCursor = nextCursor
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tokens, forKey: .tokens)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}
