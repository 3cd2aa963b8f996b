package import BerthAPI
import NIOHTTP1

extension BerthClient {
    /// What a port is, whose, and what is bound to it now.
    package func port(_ number: Int) async throws(ClientError) -> PortResource {
        try await call(.GET, APIPath.port(number), PortResource.self)
    }

    /// One sweep now: what it decides and, unless it is a dry run, does.
    package func reap(dryRun: Bool) async throws(ClientError) -> ReapReport {
        try await call(.POST, APIPath.reap, body: encoded(ReapRequest(dryRun: dryRun)), ReapReport.self)
    }

    /// Asks whether the daemon takes work.
    /// - Throws: what the daemon says when it does not, or why it could not be asked.
    package func checkReadiness() async throws(ClientError) { _ = try await send(.GET, "/readyz") }
}
