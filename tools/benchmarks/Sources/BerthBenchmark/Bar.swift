/// What Berth has to reach: a share of the echo's rate, so that the bar means the same on every machine.
package struct Bar {
    /// The first bar of the project.
    package static let first = Bar(connections: 64, changesPerEcho: 0.25)

    package let connections: Int
    package let changesPerEcho: Double

    package enum Verdict: String {
        case pass
        case missed
        case notMeasured = "not measured"
    }

    /// The median of the rounds decides.
    package func verdict(on results: Results) -> Verdict {
        guard let ratio = results.changesPerEcho(connections: connections) else { return .notMeasured }
        return ratio.median >= changesPerEcho ? .pass : .missed
    }
}
