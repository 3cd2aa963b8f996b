import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore

/// A lease that is waited for in line.
enum WaitingLease {
    /// - Parameter wait: nil for a request that does not wait.
    static func lease(
        _ body: LeaseBody, wait: WaitArgument?, from client: BerthClient
    ) async throws -> LeaseResource {
        guard let wait, wait.seconds > 0 else { return try await client.lease(body) }
        let request = BerthClient.WaitingRequest(body, seconds: wait.seconds)
        return try await PlaceInLine.shown(of: request.id, session: body.session, client, isWaiting: true) {
            try await client.lease(request)
        }
    }
}

/// How long to wait in line: `30s`, `5m`, an hour at most.
struct WaitArgument: ExpressibleByArgument {
    let seconds: Int64

    init?(argument: String) {
        guard let seconds = DurationText.seconds(argument), seconds <= WaitPreference.maxSeconds else { return nil }
        self.seconds = seconds
    }
}
