import Synchronization

/// Requests that wait in line, and their tickets.
extension Daemon {
    /// A request that has its place in line, on a connection of its own, and loses it when it is let go of.
    struct Waiter {
        let connection: Connection
        /// As it was when the request had just joined the line.
        let ticket: JSON

        /// Waits for the answer.
        func answer() throws -> Response { try connection.receive() }

        /// Goes away without it.
        func hangUp() { connection.close() }
    }

    /// What a client says that takes a ticket for an answer.
    static let respondAsync = [("Prefer", "respond-async")]

    private static let waiters = Atomic<Int>(0)

    /// Sends a request that waits, and returns once it has its place in line.
    /// - Parameter prefer: the values of the header fields.
    func waiter(
        _ session: String, _ count: Int, _ more: [String: JSON] = [:], prefer: [String] = ["wait=60"],
        headers: [(String, String)] = []
    ) throws -> Waiter {
        let name = "waiter-\(Self.waiters.add(1, ordering: .relaxed).newValue)"
        let fields: [(String, String)] = [("X-Request-Id", name)] + prefer.map { ("Prefer", $0) } + headers
        let connection = try send(session, count, more, headers: fields)
        let ticket: JSON? = try eventually { try line().first { $0["request_id"] == .text(name) } }
        guard let ticket else { throw HarnessError("the request of \(session) never came into the line: \(log)") }
        return Waiter(connection: connection, ticket: ticket)
    }

    /// Sends a request for a block, and leaves its answer to be received.
    func send(
        _ session: String, _ count: Int, _ more: [String: JSON] = [:], headers: [(String, String)]
    ) throws -> Connection {
        let body = JSON.object(["session": .text(session), "count": .integer(count)]).with(more)
        let connection = try unix.connect()
        try connection.send(
            Connection.request("POST", "/v1/leases", try body.encoded(), headers: headers, host: unix.host))
        return connection
    }

    /// Asks for a ticket as it stands once it waits no more, and leaves the answer to be received.
    func ask(_ ticket: JSON, seconds: Int) throws -> Connection {
        let connection = try unix.connect()
        try connection.send(
            Connection.request("GET", "/v1/tickets/\(ticket["id"].int ?? 0)?wait=\(seconds)", host: unix.host))
        return connection
    }

    /// Asks for a block that is not to be had, and takes a ticket.
    func queued(
        _ session: String, _ count: Int, _ more: [String: JSON] = [:], headers: [(String, String)] = []
    ) throws -> JSON {
        let response = try lease(session, count, more, headers: Self.respondAsync + headers)
        guard response.status == 202 else { throw HarnessError("no ticket: \(response)") }
        return response.json
    }

    /// The ticket as it now stands.
    func ticket(_ ticket: JSON) throws -> JSON { try call("GET", "/v1/tickets/\(ticket["id"].int ?? 0)").json }

    /// Takes the ticket out of the line.
    func leave(_ ticket: JSON) throws -> Response { try call("DELETE", "/v1/tickets/\(ticket["id"].int ?? 0)") }

    /// Whether the ticket comes to that state in time.
    func becomes(_ ticket: JSON, _ state: JSON, within seconds: Double = 10) throws -> Bool {
        try becomesTrue(within: seconds) { try self.ticket(ticket)["state"] == state }
    }

    /// The places of tickets at their gates; nil for those that wait no more.
    func places(_ tickets: [JSON]) throws -> [Int?] { try tickets.map { try ticket($0)["position"].int } }

    /// Who waits, ascending by id.
    func line(_ query: String = "") throws -> [JSON] { try all("/v1/tickets\(query)", "tickets") }
}

/// Runs the body with a daemon that has this for its `berth.yaml`.
func withDaemon<Result>(
    configuration: String, _ setup: Daemon.Setup = .init(), _ body: (Daemon) throws -> Result
) throws -> Result {
    let daemon = try Daemon(setup)
    defer { daemon.kill() }
    let file = daemon.folder.file("berth.yaml")
    try TemporaryFolder.write(Array(configuration.utf8), to: file)
    daemon.setup.extra += ["--config", file]
    try daemon.start()
    return try body(daemon)
}
