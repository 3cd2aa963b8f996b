import Glibc
import Testing

/// Every route, asked by everybody on both listeners about what is somebody's.
@Suite struct `The matrix of access` {
    /// One route, and what it answers to each ``AccessWorld/Visitor`` in their order: none, wrong token, revoked token,
    /// expired token, another principal, the principal whose thing it is, an administrator.
    struct Row: Sendable {
        let route: String
        let tcp: [Int]
        let socket: [Int]

        init(_ route: String, tcp: String, socket: String) {
            self.route = route
            self.tcp = tcp.split(separator: " ").compactMap { Int($0) }
            self.socket = socket.split(separator: " ").compactMap { Int($0) }
        }

        /// Everybody gets the page.
        static func open(_ route: String) -> Row {
            Row(route, tcp: "200 200 200 200 200 200 200", socket: "200 200 200 200 200 200 200")
        }

        /// Everybody who is somebody gets an answer, about what is one's own.
        static func known(_ route: String) -> Row {
            Row(route, tcp: "401 401 401 401 200 200 200", socket: "200 200 200 200 200 200 200")
        }

        /// Administrators alone get an answer.
        static func administrators(_ route: String, _ status: Int = 200) -> Row {
            Row(route, tcp: "401 401 401 401 403 403 \(status)", socket: "403 403 403 403 403 403 \(status)")
        }

        /// What is another's is not there.
        static func owners(_ route: String, _ status: Int = 200) -> Row {
            Row(
                route, tcp: "401 401 401 401 404 \(status) \(status)",
                socket: "404 404 404 404 404 \(status) \(status)")
        }
    }

    private static let rows: [Row] = [
        // A session belongs to the principal that started it, whoever else is an administrator.
        Row("POST /v1/leases", tcp: "401 401 401 401 403 201 403", socket: "403 403 403 403 403 201 403"),
        .known("GET /v1/leases"),
        .owners("GET /v1/leases/{id}"), .owners("DELETE /v1/leases/{id}", 204),
        .owners("POST /v1/leases/{id}/renew"), .owners("PUT /v1/leases/{id}/agents/{name}"),
        .owners("DELETE /v1/leases/{id}/agents/{name}", 204),
        .known("GET /v1/tickets"), .owners("GET /v1/tickets/{id}"), .owners("DELETE /v1/tickets/{id}", 204),
        // There is no template; what one makes of the rest is for tests that have one.
        Row("POST /v1/sessions", tcp: "401 401 401 401 404 404 404", socket: "404 404 404 404 404 404 404"),
        .owners("GET /v1/sessions/{name}/agents"), .owners("GET /v1/sessions/{name}/agents/{agent}/log", 404),
        .known("GET /v1/sessions"), .owners("GET /v1/sessions/{name}"), .owners("DELETE /v1/sessions/{name}", 204),
        .known("GET /v1/ports/{port}"), .known("GET /v1/pools"), .known("GET /v1/pools/{name}"),
        .known("GET /v1/audit"), .known("GET /v1/events"),
        .administrators("GET /v1/audit/verify"), .administrators("GET /v1/audit/head"),
        .administrators("POST /v1/audit/prune"), .administrators("POST /v1/backups"),
        .administrators("POST /v1/reap"),
        .administrators("POST /v1/tokens", 201), .administrators("GET /v1/tokens"),
        .administrators("GET /v1/tokens/{name}"), .administrators("DELETE /v1/tokens/{name}", 204),
        .known("GET /metrics"),
        .open("GET /livez"), .open("GET /readyz"), .open("GET /openapi.json"), .open("GET /docs"),
        .open("GET /problems/{code}"),
    ]

    @Test(.enabled(if: getuid() == 0, "only root can call as somebody else"))
    func `is what every route answers to everybody`() throws {
        let world = try AccessWorld()
        defer { world.daemon.kill() }
        for row in Self.rows {
            for (listener, expected) in [(AccessWorld.Listener.tcp, row.tcp), (.socket, row.socket)] {
                let found = try AccessWorld.Visitor.allCases.map { visitor in
                    try world.status(of: row.route, for: visitor, over: listener)
                }
                #expect(found == expected, "\(row.route) over \(listener)")
            }
        }
        #expect(try world.daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
    }

    @Test func `has every route, and nothing else`() throws {
        try withDaemon { daemon in
            let paths = try daemon.call("GET", "/openapi.json").json["paths"]
            let routes = paths.members.flatMap { path in
                ["get", "put", "post", "delete", "patch"].filter { paths[path].has($0) }
                    .map { "\($0.uppercased()) \(path)" }
            }
            #expect(routes.sorted() == Self.rows.map(\.route).sorted())
        }
        let columns = AccessWorld.Visitor.allCases.count
        #expect(Self.rows.allSatisfy { $0.tcp.count == columns && $0.socket.count == columns })
    }
}
