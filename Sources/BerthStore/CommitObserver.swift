/// Hears about every commit, for metrics. Called on the writing queue, so it must be quick.
package protocol CommitObserver: Sendable {
    func committed(changes: Int, duration: Duration)
}
