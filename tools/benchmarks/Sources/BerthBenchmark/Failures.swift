/// Everything in a measurement that was not the expected answer. One is enough to make the benchmark fail: a rate that
/// counts refusals says nothing.
package struct Failures {
    package private(set) var counts: [String: Int] = [:]
    /// The body of the first unexpected answer, at most 600 bytes of it.
    package private(set) var firstProblem: String?

    package var isEmpty: Bool { counts.isEmpty }

    mutating func record(_ reason: String, count: Int = 1) {
        counts[reason, default: 0] += count
    }

    mutating func record(_ answer: Connection.Answer, problem: String) {
        let request =
            switch answer.request {
            case .grant: "POST /v1/leases"
            case .release: "DELETE /v1/leases/{id}"
            case .echo: "POST /v1/echo"
            case .livez: "GET /livez"
            }
        let missing = answer.status == answer.request.expectedStatus ? " without the expected content" : ""
        record("\(request) answered \(answer.status)\(missing)")
        if firstProblem == nil, !problem.isEmpty { firstProblem = problem }
    }
}
