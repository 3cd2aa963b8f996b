import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

/// Which lease that is there already a command is about.
struct LeaseChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The only active lease of this session, or the one of --name.", valueName: "session"))
    var session: String?

    @Option(help: ArgumentHelp("The session's lease of this name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The lease of this id.", valueName: "id"))
    var lease: Int64?

    func validate() throws {
        guard (session == nil) != (lease == nil) else {
            throw ValidationError("Say which lease: --session SESSION or --lease ID.")
        }
        if session?.isEmpty == true { throw ValidationError("The session needs a name.") }
        if name != nil, session == nil { throw ValidationError("--name is a lease's inside of its --session.") }
    }

    /// - Throws: `not-found` when there is none; ``UsageError`` when the session has several.
    func find(_ client: BerthClient) async throws -> LeaseResource {
        if let lease {
            let found = try await client.show(lease)
            guard found.endedAt == nil else {
                throw ClientError(
                    code: "lease-ended", message: "Lease \(lease) has ended; its ports are no longer its own.",
                    exitCode: 65)
            }
            return found
        }
        let all = try await client.list(session: session)
        let found = name.map { name in all.filter { $0.name == name } } ?? all
        let wanted = "session \(session ?? "")"
        guard let first = found.first else {
            let which = name.map { "active lease named \($0)" } ?? "active lease"
            throw ClientError(code: "not-found", message: "There is no \(which) of \(wanted).", exitCode: 65)
        }
        guard found.count == 1 else {
            let ids = found.map { "\($0.id)" + ($0.name.map { " (\($0))" } ?? "") }.joined(separator: ", ")
            throw UsageError("The \(wanted) has several leases: \(ids). Say which with --name or --lease.")
        }
        return first
    }
}
