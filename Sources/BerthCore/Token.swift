/// The name of a token, which makes its bearer's principal `token:<name>`.
package struct TokenName: CheckedName {
    package static let rule = "1 to 63 characters of a-z 0-9 -"
    package let rawValue: String

    /// The bearer of the administrator's token, which lies in a file and is none of those that are created.
    package static let administrator = TokenName(unchecked: "admin")

    package init?(rawValue: String) {
        guard let label = AgentName(rawValue: rawValue) else { return nil }
        self.rawValue = label.rawValue
    }

    private init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The identity of a token: strictly increasing, never reused. Tokens of one name, each after the other, differ in it.
package struct TokenID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    package static func < (left: TokenID, right: TokenID) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}

/// A way in over TCP, without the secret that opens it.
package struct Token: Hashable, Sendable {
    package let id: TokenID
    package let name: TokenName
    /// What its bearer may do.
    package let terms: TokenTerms
    package let createdAt: Instant
    package let createdBy: Principal
    /// From when on it lets nobody in, by the wall clock; nil for a token without an end.
    package let expiresAt: Instant?
    package let revokedAt: Instant?

    package init(
        id: TokenID, name: TokenName, terms: TokenTerms, createdAt: Instant, createdBy: Principal,
        expiresAt: Instant?, revokedAt: Instant?
    ) {
        self.id = id
        self.name = name
        self.terms = terms
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }

    /// Whom its bearer's leases belong to.
    package var principal: Principal { .token(name.rawValue) }

    /// How it stands at a moment.
    package func state(at now: Instant) -> TokenState {
        if revokedAt != nil { return .revoked }
        return expiresAt.map { $0 <= now } ?? false ? .expired : .active
    }

    /// Its bearer, as a request's caller.
    package var caller: Caller {
        Caller(
            principal: principal, isAdministrator: false, mayNameProcesses: terms.mayNameProcesses,
            maxPorts: terms.maxPorts)
    }
}

/// What the bearer of a token may do.
package struct TokenTerms: Hashable, Sendable {
    /// How many ports its leases may have together; nil for as many as there are.
    package let maxPorts: Int?
    package let mayNameProcesses: Bool

    package init(maxPorts: Int? = nil, mayNameProcesses: Bool = false) {
        self.maxPorts = maxPorts
        self.mayNameProcesses = mayNameProcesses
    }
}

/// Whether a token lets somebody in. The raw value stands in the API.
package enum TokenState: String, CaseIterable, Sendable {
    case active
    /// Its time is over. Its name is taken until it is revoked.
    case expired
    case revoked
}

/// A wish for a token, checked in form.
package struct TokenWish: Hashable, Sendable {
    package let name: TokenName
    package let terms: TokenTerms
    /// Nil for a token without an end.
    package let ttlSeconds: Int64?

    package init(name: TokenName, terms: TokenTerms = TokenTerms(), ttlSeconds: Int64? = nil) {
        self.name = name
        self.terms = terms
        self.ttlSeconds = ttlSeconds
    }
}
