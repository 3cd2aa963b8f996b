import Synchronization
import Testing

/// The two gates of the line: a slot for the session, then ports of the pool.
@Suite struct `The gates of the line` {
    /// What clients on threads of their own met with.
    private final class Log: Sendable {
        private let faults = Mutex<[String]>([])

        var all: [String] { faults.withLock { $0 } }

        func note(_ body: () throws -> Void) {
            do { try body() } catch { faults.withLock { $0.append("\(error)") } }
        }
    }

    private static func call(
        _ endpoint: Endpoint, _ method: String, _ path: String, _ body: JSON? = nil, expect status: Int
    ) throws {
        let connection = try endpoint.connect()
        defer { connection.close() }
        let answer = try connection.call(method, path, try body?.encoded(), headers: [("Prefer", "wait=60")])
        guard answer.status == status else { throw HarnessError("\(method) \(path): \(answer)") }
    }

    /// Leases one port after another, waiting in line for each, then ends the session.
    private static func lease(_ ports: Int, for session: String, at endpoint: Endpoint) throws {
        for _ in 0..<ports {
            try call(endpoint, "POST", "/v1/leases", ["session": .text(session), "count": 1], expect: 201)
        }
        try call(endpoint, "DELETE", "/v1/sessions/\(session)", expect: 204)
    }

    /// How many sessions were active at once at most, by the records.
    private func mostSessions(_ records: [JSON]) -> Int {
        var (now, most) = (0, 0)
        for record in records {
            if record["event"] == "session.started" { now += 1 }
            if record["event"] == "session.ended" { now -= 1 }
            most = max(most, now)
        }
        return most
    }

    /// The sessions that the records of one kind speak of, in their order.
    private func sessions(_ event: JSON, _ records: [JSON]) -> [String] {
        records.filter { $0["event"] == event }.compactMap { $0["session"].text }
    }

    @Test func `never let more sessions in than there may be, in the order in which they came`() throws {
        try withDaemon(.init(poolSize: 100, extra: ["--max-sessions", "4"])) { daemon in
            let first = try (0..<4).map { try daemon.granted("first-\($0)", 1) }
            let (endpoint, log) = (daemon.unix, Log())
            let clients = try WorkerThreads(64) { number in
                log.note { try Self.lease(1, for: "s\(number)", at: endpoint) }
            }
            let areWaiting = try becomesTrue(within: 15) { try daemon.line().count == 64 }
            for lease in first { #expect(try daemon.release(lease).status == 204) }
            clients.join()
            #expect(areWaiting && log.all == [])
            let records = try daemon.all("/v1/audit", "events")
            #expect(mostSessions(records) == 4)
            // A ticket has a second record of its waiting when it passes the first gate: after all the others' first.
            let arrivals = Array(sessions("ticket.waiting", records).prefix(64))
            #expect(Set(arrivals).count == 64)
            #expect(Array(sessions("session.started", records).dropFirst(4)) == arrivals)
            #expect(try daemon.line().isEmpty)
        }
    }

    @Test func `give a session's slot to the first, and let pass who needs none`() throws {
        try withDaemon(.init(extra: ["--max-sessions", "2"])) { daemon in
            for session in ["a", "b"] { try daemon.granted(session, 1) }
            let tickets = try ["c", "d", "e"].map { try daemon.queued($0, 1) }
            #expect(tickets.map { $0["gate"] } == ["session", "session", "session"])
            #expect(try daemon.places(tickets) == [1, 2, 3])
            // A session that is active has its slot; one that is not has none, whoever waits.
            #expect(try daemon.lease("a", 1).status == 201)
            expectProblem(try daemon.lease("f", 1), 429, "session-limit")
            #expect(try daemon.call("DELETE", "/v1/sessions/b").status == 204)
            #expect(try daemon.becomes(tickets[0], "granted"))
            #expect(try daemon.places(tickets) == [nil, 1, 2])
            expectProblem(try daemon.lease("b", 1), 429, "session-limit")
            // The slot of a ticket that leaves was nobody's yet.
            #expect(try daemon.leave(tickets[1]).status == 204)
            #expect(try daemon.places(tickets) == [nil, nil, 1])
        }
    }

    @Test func `stand one behind the other`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-sessions", "2"])) { daemon in
            let (one, two) = (try daemon.granted("a", 2), try daemon.granted("b", 2))
            let ticket = try daemon.queued("c", 4)
            #expect(ticket["gate"] == "session")
            #expect(try daemon.release(two).status == 204)
            // It holds the slot from here on, though its session has not begun.
            #expect(try daemon.ticket(ticket)["gate"] == "pool")
            expectProblem(try daemon.lease("d", 1), 429, "session-limit")
            #expect(try daemon.release(one).status == 204)
            #expect(try daemon.becomes(ticket, "granted"))
            let events = try daemon.all("/v1/audit?session=c", "events").map { $0["event"] }
            #expect(
                events == ["ticket.waiting", "ticket.waiting", "session.started", "lease.granted", "ticket.granted"])
        }
    }

    @Test func `let a session that waits for its second block go before one that waits to begin`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-sessions", "2"])) { daemon in
            let held = try ["a", "b"].map { try daemon.granted($0, 2) }
            let newcomer = try daemon.queued("c", 2)
            let seconds = try ["a", "b"].map { try daemon.queued($0, 2) }
            #expect(([newcomer] + seconds).map { $0["gate"] } == ["session", "pool", "pool"])
            #expect(try daemon.release(held[1]).status == 204)
            #expect(try daemon.becomes(seconds[0], "granted"))
            // Its session has ended, and its slot is kept for the block that it still waits for.
            #expect(try daemon.places([newcomer] + seconds) == [1, nil, 1])
            #expect(try daemon.call("DELETE", "/v1/sessions/a").status == 204)
            #expect(try daemon.becomes(seconds[1], "granted"))
            #expect(try daemon.becomes(newcomer, "granted"))
        }
    }

    @Test func `never lock sessions that take two blocks one after the other`() throws {
        // One port more than sessions that may hold one: somebody can always go on.
        try withDaemon(.init(poolSize: 5, extra: ["--max-sessions", "4"])) { daemon in
            let (endpoint, log) = (daemon.unix, Log())
            let clients = try WorkerThreads(24) { number in
                log.note { try Self.lease(2, for: "s\(number)", at: endpoint) }
            }
            clients.join()
            #expect(log.all == [])
            let records = try daemon.all("/v1/audit", "events")
            #expect(mostSessions(records) <= 4 && sessions("lease.granted", records).count == 48)
        }
    }
}
