import ArgumentParser
import BerthClient

struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Give leases back.",
        discussion: """
            A lease that has ended already counts as given back. With --session all of the session's leases are \
            released at once, which ends it.

            Lease 17 and 18, then whatever alice still holds:
              berth release 17 18
              berth release --session alice
            """)

    @Argument(help: "The leases.")
    var ids: [Int64] = []

    @Option(help: ArgumentHelp("The session whose leases are released.", valueName: "session"))
    var session: String?

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if ids.isEmpty == (session == nil) { throw ValidationError("Name leases, or a session with --session.") }
        if session?.isEmpty == true { throw ValidationError("--session needs a name.") }
    }

    func run() async throws {
        try await daemon.connected { client in
            if let session {
                try await client.endSession(session)
                Terminal.remark("Released the leases of session \(session).")
            } else {
                try await releaseEach(client)
            }
        }
    }

    /// One that fails does not keep the others; the first failure's exit code counts.
    private func releaseEach(_ client: BerthClient) async throws {
        var firstFailure: ClientError?
        for id in ids {
            do {
                try await client.release(id)
                Terminal.remark("Released lease \(id).")
            } catch {
                Terminal.say("berth: lease \(id): \(error.message)")
                firstFailure = firstFailure ?? error
                // The others would fail alike without a daemon.
                if error.status == nil { break }
            }
        }
        if let firstFailure { throw ExitCode(firstFailure.exitCode) }
    }
}
