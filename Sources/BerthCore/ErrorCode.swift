/// Every way in which Berth says no. The raw value stands in problems, on `/problems/<code>` and in the log.
package enum ErrorCode: String, CaseIterable, Sendable {
    case malformedJSON = "malformed-json"
    case malformedRequest = "malformed-request"
    case unauthorized
    case forbidden
    case forbiddenOrigin = "forbidden-origin"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case nameConflict = "name-conflict"
    case portUnavailable = "port-unavailable"
    case leaseEnded = "lease-ended"
    /// Its processes live, and the call would have taken their ports away.
    case leaseInUse = "lease-in-use"
    /// The audit of that time was pruned.
    case historyPruned = "history-pruned"
    case payloadTooLarge = "payload-too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case forbiddenHost = "forbidden-host"
    case headerTooLarge = "header-too-large"
    case invalidField = "invalid-field"
    case noSuchProcess = "no-such-process"
    case idempotencyKeyReused = "idempotency-key-reused"
    case sessionLimit = "session-limit"
    case quotaExceeded = "quota-exceeded"
    /// Too many wait already.
    case queueFull = "queue-full"
    /// More requests or connections than one principal may make.
    case tooManyRequests = "too-many-requests"
    /// The router found nobody at an agent's port, or lost it before it answered.
    case agentUnreachable = "agent-unreachable"
    case poolExhausted = "pool-exhausted"
    case storageUnavailable = "storage-unavailable"
    /// An agent of a template did not start, or was not ready in time.
    case agentFailed = "agent-failed"
    /// An agent's port takes no connection in the time that the router gives it.
    case agentTimeout = "agent-timeout"
    /// Another Berth serves this database.
    case databaseInUse = "database-in-use"
    /// The configuration, the database file or the place it lies in cannot be used as it is.
    case configuration
    /// A defect in Berth.
    case `internal`
}

extension ErrorCode {
    /// The one table from codes to the status, title and exit code that callers see.
    package var presentation: (status: Int, title: String, exitCode: Int32) {
        switch self {
        case .malformedJSON: (400, "Malformed JSON", 65)
        case .malformedRequest: (400, "Malformed request", 65)
        case .unauthorized: (401, "Authentication is needed", 77)
        case .forbidden: (403, "Not allowed", 77)
        case .forbiddenOrigin: (403, "Foreign origin", 77)
        case .notFound: (404, "Not found", 65)
        case .methodNotAllowed: (405, "Method not allowed", 65)
        case .nameConflict: (409, "The name is taken", 65)
        case .portUnavailable: (409, "The port is not available", 65)
        case .leaseEnded: (409, "The lease has ended", 65)
        case .leaseInUse: (409, "The lease is in use", 65)
        case .historyPruned: (410, "That history was pruned", 65)
        case .payloadTooLarge: (413, "The body is too large", 65)
        case .unsupportedMediaType: (415, "Unsupported media type", 65)
        case .forbiddenHost: (421, "Unknown host", 77)
        case .invalidField: (422, "Invalid field", 65)
        case .noSuchProcess: (422, "No such process", 65)
        case .idempotencyKeyReused: (422, "The idempotency key was used for something else", 65)
        case .sessionLimit: (429, "Too many sessions", 75)
        case .quotaExceeded: (429, "Quota exceeded", 75)
        case .queueFull: (429, "The line is full", 75)
        case .tooManyRequests: (429, "Too many requests", 75)
        case .headerTooLarge: (431, "The headers are too large", 65)
        case .agentFailed: (502, "An agent did not start", 65)
        case .agentUnreachable: (502, "The agent cannot be reached", 75)
        case .poolExhausted: (503, "The pool has no room", 75)
        case .storageUnavailable: (503, "The storage is not available", 75)
        case .agentTimeout: (504, "The agent takes no connection", 75)
        case .databaseInUse: (503, "The database is served by another Berth", 75)
        case .configuration: (500, "Wrong configuration", 78)
        case .internal: (500, "A defect in Berth", 70)
        }
    }
}
