internal import BerthCore

/// Where a request's credential came from, and so what is taken out before the agent sees the request.
enum Credential: Hashable {
    case ownField
    case authorization
    case cookie

    static let cookieName = "berth_session"

    /// The secret of the last request's bearer field: a connection's requests bring the same one again and again.
    struct Memory {
        private var field: String?
        private var secret: (any PresentedSecret)?

        /// The secret of a bearer field (RFC 6750, 2.1); nil for any other.
        mutating func secret(in text: String, _ gate: any RouteGuard) -> (any PresentedSecret)? {
            if field != text {
                field = text
                secret = BearerToken.secret(in: text).map { gate.present($0) }
            }
            return secret
        }
    }

    /// The first credential that opens the session. `Berth-Authorization` alone counts where there is one.
    /// - Throws: `unauthorized`; `not-found` for somebody else's session or none.
    static func find(
        in fields: FieldSection, for session: RoutedSession?, memory: inout Memory, _ gate: any RouteGuard
    ) throws(BerthError) -> Credential {
        var isForeign = false
        func opens(_ secret: (any PresentedSecret)?) -> Bool {
            guard let secret else { return false }
            switch secret.judge(for: session) {
            case .allowed: return true
            case .foreign: isForeign = true
            case .unknown: break
            }
            return false
        }
        func secret(_ kind: FieldKind) -> (any PresentedSecret)? {
            fields.only(kind).flatMap { memory.secret(in: fields.string($0.value), gate) }
        }
        if fields.has(.ownAuthorization) {
            if opens(secret(.ownAuthorization)) { return .ownField }
        } else {
            if opens(secret(.authorization)) { return .authorization }
            if opens(cookie(in: fields).map { gate.present($0) }) { return .cookie }
        }
        if isForeign { throw BerthError(.notFound, "There is no such session, or it is somebody else's.") }
        throw BerthError(
            .unauthorized,
            "Send the session's token, or one whose sessions these are, as Authorization: Bearer <token> or, where the agent"
                + " has an Authorization of its own, as Berth-Authorization.")
    }

    /// Nil where it stands several times: somebody else may have set the other one.
    private static func cookie(in fields: FieldSection) -> String? {
        let start = cookieName + "="
        let values = fields[.cookie].flatMap(pairs).map { $0.drop(while: WireSyntax.isBlank) }
            .filter { $0.starts(with: start.utf8) }
        return values.count == 1 ? String(Substring(values[0].dropFirst(start.utf8.count))) : nil
    }

    /// Octet by octet: a character of Unicode may join the semicolon behind it, and nobody else reads it so.
    private static func pairs(_ field: String) -> [Substring.UTF8View] {
        field.utf8.split(separator: UInt8(ascii: ";")).map { Substring($0).utf8 }
    }

    /// Whether a pair is our cookie, or becomes it in a browser: it takes away blanks around a name, and sends a value that has
    /// none as if it were the whole (RFC 6265, 5.2).
    private static func isOwn(_ pair: Substring.UTF8View) -> Bool {
        let equals = UInt8(ascii: "=")
        return pair.drop { $0 == equals || WireSyntax.isBlank($0) }.prefix { $0 != equals && !WireSyntax.isBlank($0) }
            .elementsEqual(cookieName.utf8)
    }

    /// What becomes of a `Cookie` field on its way to an agent, who does not see ours.
    static func withoutOwnCookie(_ field: String) -> FieldSection.Fate {
        let pairs = pairs(field)
        guard pairs.contains(where: isOwn) else { return .pass }
        let rest = pairs.filter { !isOwn($0) }.map { String(Substring($0)) }.joined(separator: ";")
        let text = String(Substring(rest.utf8.drop(while: WireSyntax.isBlank)))
        return text.isEmpty ? .drop : .change(text)
    }

    /// Whether a `Set-Cookie` field would set ours, which no agent may.
    static func setsOwnCookie(_ field: String) -> Bool { pairs(field).first.map(isOwn) ?? false }
}
