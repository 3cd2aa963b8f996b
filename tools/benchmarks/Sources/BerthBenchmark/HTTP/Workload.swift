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

    /// Whether it is sent even when the measurement is over.
    var givesBack: Bool {
        if case .release = self { true } else { false }
    }

    var verb: Answer.Verb {
        switch self {
        case .grant: .grant
        case .release: .release
        case .echo, .livez: .other
        }
    }

    var name: String {
        switch self {
        case .grant: "POST /v1/leases"
        case .release: "DELETE /v1/leases/{id}"
        case .echo: "POST /v1/echo"
        case .livez: "GET /livez"
        }
    }

    /// The request that follows the answer, `lease` being the id in it.
    func next(lease: UInt64?) -> Request {
        switch self {
        case .grant: if let lease { .release(lease: lease) } else { .grant }
        case .release: .grant
        case .echo: .echo
        case .livez: .livez
        }
    }
}
