/// Everything in a measurement that was not the expected answer. One is enough to make the benchmark fail: a rate that
/// counts refusals says nothing.
package struct Failures {
    package private(set) var counts: [String: Int] = [:]
    /// What the first unexpected answer said, at most 600 bytes of it.
    package private(set) var firstProblem: String?

    package init() {}

    package var isEmpty: Bool { counts.isEmpty }

    /// A line for each kind, and one for what the first answer said.
    package var lines: [String] {
        let kinds = counts.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value)×)" }
        return kinds + (firstProblem.map { ["the first said: \($0)"] } ?? [])
    }

    mutating func record(_ reason: String, count: Int = 1) {
        counts[reason, default: 0] += count
    }

    mutating func record(_ problem: Answer.Problem) {
        record(problem.reason)
        if firstProblem == nil, !problem.detail.isEmpty { firstProblem = problem.detail }
    }
}
