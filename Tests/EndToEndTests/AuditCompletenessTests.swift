import Testing

/// Every route that changes something leaves a record under its request's id and principal.
@Suite struct `Every change leaves a record` {
    /// A way to have each route change something, and the events it must leave; nil for what changes no lease, session,
    /// agent, port, pool or token of its own.
    private static let changes: [String: (@Sendable (Daemon, [(String, String)]) throws -> [String])?] = [
        "POST /v1/leases": { daemon, headers in
            let reply = try daemon.lease("new", 1, headers: headers)
            #expect(reply.status == 201)
            return ["session.started", "lease.granted"]
        },
        "DELETE /v1/leases/{id}": { daemon, headers in
            let id = try daemon.granted("ended", 1)["id"].int ?? 0
            #expect(try daemon.call("DELETE", "/v1/leases/\(id)", headers: headers).status == 204)
            return ["lease.released", "session.ended"]
        },
        "POST /v1/leases/{id}/renew": { daemon, headers in
            let id = try daemon.granted("renewed", 1)["id"].int ?? 0
            let body: JSON = ["ttl_seconds": 90]
            #expect(try daemon.call("POST", "/v1/leases/\(id)/renew", body, headers: headers).status == 200)
            return ["lease.renewed"]
        },
        "PUT /v1/leases/{id}/agents/{name}": { daemon, headers in
            let id = try daemon.granted("attached", 1)["id"].int ?? 0
            let body: JSON = ["pid": .integer(Int(daemon.process?.id ?? 0))]
            #expect(try daemon.call("PUT", "/v1/leases/\(id)/agents/one", body, headers: headers).status == 200)
            return ["agent.attached"]
        },
        "DELETE /v1/leases/{id}/agents/{name}": { daemon, headers in
            let id = try daemon.granted("detached", 1, ["agents": ["one"]])["id"].int ?? 0
            #expect(try daemon.call("DELETE", "/v1/leases/\(id)/agents/one", headers: headers).status == 204)
            return ["agent.detached"]
        },
        // Its agents are started by the daemon itself.
        "POST /v1/sessions": { daemon, headers in
            let reply = try daemon.startSession("made", headers: headers)
            #expect(reply.status == 201)
            return ["session.started", "lease.granted"]
        },
        "DELETE /v1/sessions/{name}": { daemon, headers in
            _ = try daemon.granted("whole", 1)
            _ = try daemon.granted("whole", 1)
            #expect(try daemon.call("DELETE", "/v1/sessions/whole", headers: headers).status == 204)
            #expect(try daemon.startSession("agents").status == 201)
            #expect(try daemon.call("DELETE", "/v1/sessions/agents", headers: headers).status == 204)
            return [
                "lease.released", "lease.released", "session.ended", "session.stopping", "lease.released",
                "session.ended",
            ]
        },
        "DELETE /v1/tickets/{id}": { daemon, headers in
            // Somebody holds a port of the pool by now, so that there is no room for all of it.
            let ticket = try daemon.lease("waiting", 60, headers: [("Prefer", "respond-async")])
            #expect(ticket.status == 202)
            let id = ticket.json["id"].int ?? 0
            #expect(try daemon.call("DELETE", "/v1/tickets/\(id)", headers: headers).status == 204)
            return ["ticket.cancelled"]
        },
        "POST /v1/tokens": { daemon, headers in
            let made = try daemon.call("POST", "/v1/tokens", ["name": "made"], headers: headers)
            #expect(made.status == 201)
            return ["token.created"]
        },
        "DELETE /v1/tokens/{name}": { daemon, headers in
            _ = try daemon.createdToken("revoked")
            #expect(try daemon.call("DELETE", "/v1/tokens/revoked", headers: headers).status == 204)
            return ["token.revoked"]
        },
        // A sweep's decisions are the daemon's own; a random history of the store has each of them with its record.
        "POST /v1/reap": nil,
        "POST /v1/backups": nil,
        "POST /v1/audit/prune": { daemon, headers in
            let body: JSON = ["before": try daemon.call("GET", "/v1/audit/head").json["at"]]
            #expect(try daemon.call("POST", "/v1/audit/prune", body, headers: headers).status == 200)
            return ["audit.pruned"]
        },
    ]

    @Test func `whatever the route`() throws {
        try AgentTemplate.withDaemon { daemon, _ in
            let document = try daemon.call("GET", "/openapi.json").json
            let user = try daemon.granted("me", 1)["principal"]
            var unknown: [String] = []
            for path in document["paths"].members.sorted() {
                for method in ["post", "put", "patch", "delete"] where document["paths"][path].has(method) {
                    let route = "\(method.uppercased()) \(path)"
                    guard let change = Self.changes[route] else {
                        unknown.append(route)
                        continue
                    }
                    guard let change else { continue }
                    let request = "request-\(route.filter(\.isLetter))"
                    let expected = try change(daemon, [("X-Request-Id", request)])
                    let records = try daemon.all("/v1/audit", "events").filter { $0["request_id"] == .text(request) }
                    #expect(records.map { $0["event"].text } == expected, "\(route)")
                    #expect(records.allSatisfy { $0["principal"] == user }, "\(route)")
                }
            }
            #expect(unknown == [], "say here what these routes must record")
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }
}
