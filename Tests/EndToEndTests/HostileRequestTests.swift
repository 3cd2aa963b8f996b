import BerthTestSupport
import Testing

@Suite struct `Hostile requests` {
    @Test func `are answered as the table says, each on a connection of its own`() throws {
        try withDaemon { daemon in
            #expect(HostileRequest.all.count >= 200)
            for request in HostileRequest.all {
                let connection = try daemon.tcp.connect()
                defer { connection.close() }
                try connection.send(request.bytes(port: daemon.tcpPort, token: daemon.token))
                let note = Comment(rawValue: "\(request)")
                do {
                    expectProblem(try connection.receive(), request.status, request.code, note)
                } catch let end as Connection.Ended {
                    Issue.record(end, note)
                }
            }
            // Nothing of it had an effect, and the daemon is well.
            #expect(try daemon.all("/v1/leases?state=all", "leases").isEmpty)
            #expect(try daemon.call("GET", "/readyz").status == 200)
        }
    }

    @Test func `are not confused with those that are welcome`() throws {
        try withDaemon { daemon in
            for fields in HostileRequest.welcome {
                let text = (["GET /v1/leases HTTP/1.1"] + fields + ["Authorization: Bearer \(daemon.token)", "", ""])
                    .joined(separator: "\r\n").replacing("{port}", with: "\(daemon.tcpPort)")
                let connection = try daemon.tcp.connect()
                defer { connection.close() }
                try connection.send(text)
                #expect(try connection.receive().status == 200, Comment(rawValue: text))
            }
        }
    }

    @Test func `in absolute form reach the daemon where they name it, and only then`() throws {
        try withDaemon { daemon in
            let own = "127.0.0.1:\(daemon.tcpPort)"
            let answer = { (target: String) in
                let connection = try daemon.tcp.connect()
                defer { connection.close() }
                return try connection.call("GET", target, headers: [("Authorization", "Bearer \(daemon.token)")])
            }
            #expect(try answer("http://\(own)/v1/leases").status == 200)
            #expect(try answer("HTTP://\(own)/v1/leases?state=all").status == 200)
            expectProblem(try answer("http://evil.example/v1/leases"), 421, "forbidden-host")
            // A Unix socket is reached by no page, and names nobody.
            #expect(try daemon.call("GET", "http://anything/v1/leases").status == 200)
        }
    }

    @Test func `over the same connection do not spoil what comes behind them`() throws {
        try withDaemon { daemon in
            let connection = try daemon.tcp.connect()
            defer { connection.close() }
            let authorization = ("Authorization", "Bearer \(daemon.token)")
            for _ in 0..<3 {
                let foreign = [("Host", "evil.example"), authorization]
                expectProblem(try connection.call("GET", "/v1/leases", headers: foreign), 421, "forbidden-host")
                #expect(try connection.call("GET", "/v1/leases", headers: [authorization]).status == 200)
            }
        }
    }
}
