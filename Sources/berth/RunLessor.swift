import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore
import BerthHost
import BerthLeasing
import FoundationEssentials

/// Where `berth run` gets its lease, and gives it back: a daemon on its Unix socket, a daemon's URL, or, when no
/// daemon answers, the database itself.
struct RunLessor {
    /// The name of the command among its lease's agents.
    static let agent = "command"
    /// Over a URL nobody can tell that a process has died: the lease lives by renewals.
    static let remoteTTLSeconds: Int64 = 60
    static let renewalPause = Duration.seconds(20)
    /// How long somebody else's transaction, or a daemon that is starting, is waited for.
    private static let patience = Duration.seconds(5)
    private static let pause = Duration.milliseconds(20)
    private static let embeddedPause = Duration.milliseconds(250)

    private let endpoints: [Endpoint]
    private let files: ConfigurationOptions
    private let isRemote: Bool

    init(daemon: DaemonOptions, files: ConfigurationOptions) throws {
        endpoints = try daemon.endpoints()
        self.files = files
        isRemote = endpoints.contains { if case .url = $0 { true } else { false } }
    }

    /// Leases a block that this process owns, or over a URL one with a TTL.
    /// - Parameter wait: how long to wait for room, and in line where there is a daemon; nil to fail where there is none.
    func lease(_ body: LeaseBody, wait: WaitArgument?) async throws -> LeaseResource {
        var body = body
        guard isRemote else {
            body.ownerSelf = true
            let request = body
            return try await patiently(wait) {
                try await reach { client in
                    try await WaitingLease.lease(request, wait: wait, from: client)
                } embedded: { berth in
                    try await berth.lease(request)
                }
            }
        }
        body.ttlSeconds = Self.remoteTTLSeconds
        let request = body
        let lease = try await connected { try await WaitingLease.lease(request, wait: wait, from: $0) }
        // A lease of that name that was there before is somebody else's: no owner tells us apart.
        guard lease.createdAt == lease.renewedAt else {
            throw ClientError(
                code: "name-conflict", status: 409,
                message: "The session \(lease.session) has an active lease \(lease.id) of that name."
                    + " Release it first, or use another name.",
                exitCode: 65)
        }
        return lease
    }

    /// Tries again until there is room, as long as that may take. Without a daemon there is no line, and nobody who tells
    /// that something came free; with one, the request has waited in line already.
    private func patiently(
        _ wait: WaitArgument?, _ body: () async throws -> LeaseResource
    ) async throws -> LeaseResource {
        let deadline = ContinuousClock.now + .seconds(wait?.seconds ?? 0)
        while true {
            do {
                return try await body()
            } catch let error as BerthError
                where [.poolExhausted, .sessionLimit].contains(error.code) && ContinuousClock.now < deadline
            {
                try await Task.sleep(for: Self.embeddedPause)
            }
        }
    }

    /// Runs `body` and renews the lease meanwhile, where it lives by that.
    func keeping<Success>(_ lease: LeaseResource, _ body: () async throws -> Success) async throws -> Success {
        guard isRemote else { return try await body() }
        let renewal = Task {
            while true {
                try await Task.sleep(for: Self.renewalPause)
                do {
                    _ = try await connected { try await $0.renew(lease.id) }
                } catch let error as ClientError {
                    Terminal.say("berth: lease \(lease.id) is not renewed: \(error.message)")
                    // A lease that has ended stays so; everything else may pass.
                    if error.status == 404 || error.status == 409 { return }
                }
            }
        }
        defer { renewal.cancel() }
        return try await body()
    }

    /// Where a shim attaches itself to the lease; attaches it here when there is no daemon that could tell who it is.
    /// - Parameter child: the shim's PID. It is our child and not reaped, so the number is its own.
    /// - Returns: the orders for the shim.
    func attach(_ child: Int32, to lease: LeaseResource) async throws -> ShimOrders {
        guard !isRemote else { return .start }
        return try await reach { client in
            guard case .unixSocket(let path) = client.endpoint else { return .start }
            return .attach(socket: path)
        } embedded: { berth in
            try await berth.attach(child, to: lease)
            return .start
        }
    }

    /// Gives the lease back: to the daemon that answers now, whoever granted it.
    func release(_ lease: LeaseResource) async throws {
        guard !isRemote else { return try await connected { try await $0.release(lease.id) } }
        try await reach { client in
            try await client.release(lease.id)
        } embedded: { berth in
            try await berth.release(lease)
        }
    }

    private func connected<Success>(_ body: (BerthClient) async throws -> Success) async throws -> Success {
        try await BerthClient.connected(toFirstOf: endpoints, body)
    }

    /// Asks the daemon, and where none answers, the database. One that is in use by somebody who doesn't answer is
    /// waited for: a command that has it for a transaction, or a daemon that has not opened its socket yet.
    private func reach<Success>(
        daemon: (BerthClient) async throws -> Success, embedded: (EmbeddedBerth) async throws -> Success
    ) async throws -> Success {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            do {
                return try await connected { client in
                    if endpoints.count == 1 { try await client.knock() }
                    return try await daemon(client)
                }
            } catch let error as ClientError where error.code == "no-daemon" {
                do {
                    return try await EmbeddedBerth.visit(try configuration(), embedded)
                } catch let error as BerthError where error.code == .databaseInUse && ContinuousClock.now < deadline {
                    try await Task.sleep(for: Self.pause)
                }
            }
        }
    }

    /// A daemon of this user's would have it. The unit that a command runs in is no business of Berth's.
    private func configuration() throws -> ServeConfiguration {
        var environment = ProcessInfo.processInfo.environment
        environment["STATE_DIRECTORY"] = nil
        environment["RUNTIME_DIRECTORY"] = nil
        return try ServeConfiguration.load(files.flags, environment: environment, readFile: TextFile.read)
    }
}
