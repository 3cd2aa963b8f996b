import BerthAPI
import BerthClient
import BerthCommandLine

/// Shows a request's place in line while it waits: on one line of a terminal, as often as it changes. In a pipe it is
/// silent.
enum PlaceInLine {
    private static let pause = Duration.seconds(1)

    /// - Parameter id: the request's, which its ticket has.
    static func shown<Success>(
        of id: String, session: String, _ client: BerthClient, isWaiting: Bool,
        during body: () async throws -> Success
    ) async throws -> Success {
        guard isWaiting, Terminal.showsMessages else { return try await body() }
        let display = Task { try await show(id, session, client) }
        defer {
            display.cancel()
            Terminal.clearStatus()
        }
        return try await body()
    }

    /// What goes wrong here goes wrong in the request itself, which tells it.
    private static func show(_ id: String, _ session: String, _ client: BerthClient) async throws {
        while true {
            try await Task.sleep(for: pause)
            let tickets = try await client.tickets(session: session)
            guard !Task.isCancelled, let ticket = tickets.first(where: { $0.requestID == id }) else { continue }
            Terminal.status(ticket.placeText)
        }
    }
}
