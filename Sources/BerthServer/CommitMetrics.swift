import BerthStore
import CoreMetrics
import Metrics

/// Measures the commits.
package struct CommitMetrics: CommitObserver {
    private let size = Recorder(label: "berth_commit_batch_size", aggregate: true)
    private let seconds = Timer(label: "berth_commit_seconds")

    package init() {}

    package func committed(changes: Int, duration: Duration) {
        size.record(changes)
        seconds.record(duration: duration)
    }
}
