/// What one measurement asks of the daemon, over and over, on each of its connections.
package enum Workload: String, CaseIterable, Sendable {
    /// Lease a block of 6, release it. Both answers are durable changes, and each counts as one.
    case lease
    /// The same request and the same answer on the benchmark's own route, which changes nothing.
    case echo
    /// The smallest answer that the daemon has.
    case livez

    /// A connection's first request.
    var first: Request {
        switch self {
        case .lease: .grant
        case .echo: .echo
        case .livez: .livez
        }
    }
}

/// A request that is on its way, with what is needed to know the right answer.
enum Request: Equatable {
    case grant
    case release(lease: UInt64)
    case echo
    case livez

    /// The only status that counts.
    var expectedStatus: Int {
        switch self {
        case .grant, .echo: 201
        case .release: 204
        case .livez: 200
        }
    }

    /// Whether the answer has to be a lease with an `id`.
    var expectsLease: Bool {
        switch self {
        case .grant, .echo: true
        case .release, .livez: false
        }
    }

    /// The request that follows the answer, `lease` being the id in it. Whoever stops still gives back what he holds,
    /// so that one measurement leaves no leases to the next.
    func next(lease: UInt64?, stopping: Bool) -> Request? {
        if case .grant = self, let lease { return .release(lease: lease) }
        if stopping { return nil }
        switch self {
        case .grant, .release: return .grant
        case .echo: return .echo
        case .livez: return .livez
        }
    }
}
