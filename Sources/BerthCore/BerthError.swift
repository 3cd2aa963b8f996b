/// What went wrong, in the words of the API: a code, a message for the caller and what only the log may know.
package struct BerthError: Error, Sendable {
    package let code: ErrorCode
    /// What is wrong and what to do about it. It is shown to the caller.
    package let message: String
    /// The members of the request that are at fault, for ``ErrorCode/invalidField`` and its like.
    package let fields: [FieldError]
    /// More members of the answer, by the code's rules.
    package let facts: ErrorFacts
    /// Why, for the log alone.
    package let cause: (any Error)?

    package init(
        _ code: ErrorCode, _ message: String, fields: [FieldError] = [], facts: ErrorFacts = .none,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.fields = fields
        self.facts = facts
        self.cause = cause
    }

    /// A request whose member `field` is wrong.
    package static func invalid(_ field: String, _ detail: String) -> BerthError {
        let error = FieldError(field: field, detail: detail)
        return BerthError(.invalidField, "\(error.field): \(detail)", fields: [error])
    }
}

/// One member of a request and what is wrong with it.
package struct FieldError: Hashable, Sendable {
    /// As the caller spelt it; what is far longer than any of ours is cut, since it is told more than once.
    package let field: String
    package let detail: String

    package init(field: String, detail: String) {
        self.field = field.utf8.count > 256 ? String(field.unicodeScalars.prefix(64)) + "…" : field
        self.detail = detail
    }
}

/// What an error tells beside its message.
package enum ErrorFacts: Hashable, Sendable {
    case none
    /// A pool that has no room: its longest free run, its free ports, and how many were asked for.
    case noRoom(largestFreeBlock: Int, free: Int, count: Int)
    /// A block that is taken: the lease on it (when the caller may know) and who listens there.
    case taken(port: Port, lease: LeaseID?, listeners: [PortListener])
    /// The methods that the path does answer.
    case allowed([String])
    /// An agent that did not start, and the last lines of its log.
    case agent(AgentName, log: String)
}

extension BerthError: CustomStringConvertible {
    package var description: String {
        cause.map { "\(code.rawValue): \(message) (\($0))" } ?? "\(code.rawValue): \(message)"
    }
}
