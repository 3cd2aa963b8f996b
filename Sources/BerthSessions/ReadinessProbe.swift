package import BerthCore

/// Asks whether an agent serves on its port, behind a protocol so that tests answer for it.
package protocol ReadinessProbe: Sendable {
    /// Asks once, for a few seconds at most.
    func isReady(_ readiness: Readiness, on port: Port) async -> Bool
}
