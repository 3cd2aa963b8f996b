/// Who asked: the one whom leases, quotas and audit records belong to.
package enum Principal: Hashable, Sendable {
    /// A user of this host, by the kernel's word.
    case user(UInt32)
    /// The bearer of a named token.
    case token(String)
    /// The daemon itself, when it acts by its own rules: expiry, reaping.
    case daemon
}

extension Principal: CustomStringConvertible {
    /// The form in the API and in the database: `uid:1000`, `token:ci`, `daemon`.
    package var description: String {
        switch self {
        case .user(let id): "uid:\(id)"
        case .token(let name): "token:\(name)"
        case .daemon: "daemon"
        }
    }

    /// Reads what ``description`` wrote; nil for anything else.
    package init?(_ text: String) {
        if text == "daemon" {
            self = .daemon
        } else if text.hasPrefix("uid:"), let id = UInt32(text.dropFirst(4)) {
            self = .user(id)
        } else if text.hasPrefix("token:"), text.utf8.count > 6 {
            self = .token(String(text.dropFirst(6)))
        } else {
            return nil
        }
        guard description == text else { return nil }
    }
}
