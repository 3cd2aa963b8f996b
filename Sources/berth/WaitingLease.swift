import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore

/// A lease that is waited for in line. On a terminal it says which place that is; in a pipe it is silent.
struct WaitingLease {
    private static let pause = Duration.seconds(1)

    let client: BerthClient
    let request: BerthClient.WaitingRequest

    /// - Parameter wait: nil for a request that does not wait.
    static func lease(
        _ body: LeaseBody, wait: WaitArgument?, from client: BerthClient
    ) async throws -> LeaseResource {
        guard let wait, wait.seconds > 0 else { return try await client.lease(body) }
        let request = BerthClient.WaitingRequest(body, seconds: wait.seconds)
        return try await WaitingLease(client: client, request: request).lease()
    }

    private func lease() async throws -> LeaseResource {
        guard Terminal.showsMessages else { return try await client.lease(request) }
        let display = Task { try await showPlace() }
        defer {
            display.cancel()
            Terminal.clearStatus()
        }
        return try await client.lease(request)
    }

    /// Shows the place in line on one line of the terminal, as often as it changes. What goes wrong here goes wrong in the
    /// request itself, which tells it.
    private func showPlace() async throws {
        while true {
            try await Task.sleep(for: Self.pause)
            let tickets = try await client.tickets(session: request.body.session)
            guard !Task.isCancelled, let ticket = tickets.first(where: { $0.requestID == request.id }) else { continue }
            Terminal.status(ticket.placeText)
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
