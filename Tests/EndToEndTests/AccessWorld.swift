import Glibc

/// A daemon, callers of every kind on both of its listeners, and things of one caller's that others ask for.
final class AccessWorld {
    /// How a request shows who it is from.
    enum Visitor: Int, CaseIterable {
        case none, wrongToken, revokedToken, expiredToken
        /// Another principal than the one that things belong to.
        case other
        /// The one that they belong to.
        case own
        case administrator
    }

    enum Listener: CaseIterable { case tcp, socket }

    /// What a route needs to be about.
    private struct Subject {
        var path: String
        var body: JSON?
    }

    let daemon: Daemon
    private var secrets: [Visitor: String] = [:]
    private let relays: [Visitor: UserRelay]
    private let folder: TemporaryFolder
    private var number = 0

    /// Things of the pool `full` are to be waited for.
    init() throws {
        let full = try PortRanges.take(1)
        let daemon = try Daemon(Daemon.Setup(poolSize: 300, extra: ["--socket-mode", "0666"]))
        self.daemon = daemon
        daemon.setup.pools = ["default=\(daemon.low)-\(daemon.range.upperBound)", "full=\(full.lowerBound)"]
        chmod(daemon.folder.path, 0o755)
        try daemon.start()
        let folder = try UserRelay.folder()
        self.folder = folder
        relays = [
            .own: try UserRelay(user: 65_533, to: daemon, in: folder),
            .other: try UserRelay(user: 65_534, to: daemon, in: folder),
        ]
        try daemon.granted("full", 1, ["pool": "full", "ttl_seconds": 3600])
        secrets[.wrongToken] = String(repeating: "w", count: 43)
        secrets[.administrator] = daemon.token
        secrets[.expiredToken] = try daemon.createdToken("expired", ["ttl_seconds": 1])
        secrets[.revokedToken] = try daemon.createdToken("revoked")
        secrets[.own] = try daemon.createdToken("own", ["allow_pids": true])
        secrets[.other] = try daemon.createdToken("other", ["allow_pids": true])
        guard try daemon.call("DELETE", "/v1/tokens/revoked").status == 204,
            try becomesTrue({ try status("GET", Subject(path: "/v1/leases"), .expiredToken, .tcp) == 401 })
        else { throw HarnessError("the tokens are not as they should be") }
    }

    /// The status with which a route answers, asked about things of ``Visitor/own`` that are made for this question.
    /// - Parameter route: as the OpenAPI document has it: `GET /v1/leases/{id}`.
    func status(of route: String, for visitor: Visitor, over listener: Listener) throws -> Int {
        let words = route.split(separator: " ").map(String.init)
        return try status(words[0], try subject(of: route, for: visitor, over: listener), visitor, listener)
    }

    // MARK: Asking

    /// On the socket a token is not looked at: whoever shows one, or none, is the other user there.
    private func endpoint(_ visitor: Visitor, _ listener: Listener) -> Endpoint {
        guard listener == .socket else { return daemon.tcp }
        let relay = visitor == .administrator ? nil : relays[visitor] ?? relays[.other]
        return relay?.endpoint ?? daemon.unix
    }

    private func send(
        _ method: String, _ subject: Subject, _ visitor: Visitor, _ listener: Listener,
        headers: [(String, String)] = []
    ) throws -> Connection {
        let isShown = listener == .tcp || [.wrongToken, .revokedToken, .expiredToken].contains(visitor)
        let token: [(String, String)] =
            isShown ? secrets[visitor].map { [("Authorization", "Bearer \($0)")] } ?? [] : []
        let endpoint = endpoint(visitor, listener)
        let connection = try endpoint.connect()
        try connection.send(
            Connection.request(
                method, subject.path, try subject.body?.encoded(), headers: token + headers, host: endpoint.host))
        return connection
    }

    private func status(
        _ method: String, _ subject: Subject, _ visitor: Visitor, _ listener: Listener
    ) throws -> Int {
        let connection = try send(method, subject, visitor, listener)
        defer { connection.close() }
        // The head is enough: a stream of events has no end.
        return try connection.receive(headOnly: true).status
    }

    /// Asks for what things of ``Visitor/own`` are made of.
    private func made(
        _ path: String, _ body: JSON, _ listener: Listener, headers: [(String, String)] = []
    ) throws -> JSON {
        let connection = try send("POST", Subject(path: path, body: body), .own, listener, headers: headers)
        defer { connection.close() }
        let response = try connection.receive()
        guard [201, 202].contains(response.status) else { throw HarnessError("not made: \(response)") }
        return response.json
    }

    // MARK: What is asked about

    private func lease(_ listener: Listener) throws -> JSON {
        try made(
            "/v1/leases", ["session": .text("own-\(number)"), "count": 1, "agents": ["web"], "ttl_seconds": 3600],
            listener)
    }

    /// A process that the visitor may name.
    private func process(_ visitor: Visitor) -> JSON {
        let relay = visitor == .own ? relays[.own] : relays[.other]
        return .integer(relay?.processID ?? 0)
    }

    private func subject(of route: String, for visitor: Visitor, over listener: Listener) throws -> Subject {
        number += 1
        var subject = Subject(path: String(route.drop { $0 != " " }.dropFirst()))
        switch subject.path {
        case "/v1/leases" where route.hasPrefix("POST"):
            subject.body = ["session": try lease(listener)["session"], "count": 1]
        case let path where path.hasPrefix("/v1/leases/{id}"):
            let id = try lease(listener)["id"].int ?? 0
            subject.path = path.replacing("{id}", with: "\(id)").replacing("{name}", with: "web")
            if route.hasPrefix("PUT") { subject.body = ["pid": process(visitor)] }
        case "/v1/sessions" where route.hasPrefix("POST"):
            subject.body = ["session": .text("new-\(number)"), "template": "none"]
        case let path where path.hasPrefix("/v1/sessions/{name}"):
            let session = try lease(listener)["session"].text ?? ""
            subject.path = path.replacing("{name}", with: session).replacing("{agent}", with: "web")
        case "/v1/tickets/{id}":
            let wish: JSON = ["session": .text("waits-\(number)"), "count": 1, "pool": "full"]
            let ticket = try made("/v1/leases", wish, listener, headers: Daemon.respondAsync)
            subject.path = "/v1/tickets/\(ticket["id"].int ?? 0)"
        case "/v1/tokens" where route.hasPrefix("POST"): subject.body = ["name": .text("new-\(number)")]
        case "/v1/tokens/{name}":
            _ = try daemon.createdToken("made-\(number)")
            subject.path = "/v1/tokens/made-\(number)"
        case "/v1/ports/{port}": subject.path = "/v1/ports/\(daemon.low)"
        case "/v1/pools/{name}": subject.path = "/v1/pools/default"
        case "/problems/{code}": subject.path = "/problems/unauthorized"
        case "/v1/reap": subject.body = ["dry_run": true]
        case "/v1/audit/prune": subject.body = ["before": "2020-01-01T00:00:00.000Z"]
        case "/v1/backups": subject.body = ["path": .text(daemon.folder.file("backup-\(number).db"))]
        default: break
        }
        return subject
    }
}

extension Daemon {
    /// Makes a token, and returns its secret.
    func createdToken(_ name: String, _ more: [String: JSON] = [:]) throws -> String {
        let response = try call("POST", "/v1/tokens", JSON.object(["name": .text(name)]).with(more))
        guard response.status == 201, let secret = response.json["token"].text else {
            throw HarnessError("no token: \(response)")
        }
        return secret
    }

    /// Calls over TCP with a token.
    func call(
        withToken token: String, _ method: String, _ path: String, _ body: JSON? = nil,
        headers: [(String, String)] = []
    ) throws -> Response {
        try callTCP(
            method, path, body, headers: headers + [("Authorization", "Bearer \(token)")], isAuthorized: false)
    }
}
