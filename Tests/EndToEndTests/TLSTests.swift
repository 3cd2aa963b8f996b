import Glibc
import Testing

@Suite struct `TCP under TLS` {
    /// A daemon that shows the certificate 0A of an authority of its own.
    private func withTLS(
        listen: String = "127.0.0.1:0", _ body: (Daemon, CertificateAuthority) throws -> Void
    ) throws {
        let daemon = try Daemon(Daemon.Setup(listen: listen))
        defer { daemon.kill() }
        let authority = try CertificateAuthority(in: daemon.folder)
        daemon.setup.extra = try authority.issue("shown", serial: "0A").flags
        try daemon.start()
        try body(daemon, authority)
    }

    private func curl(
        _ daemon: Daemon, _ authority: CertificateAuthority, _ path: String, _ more: [String] = [],
        host: String = "127.0.0.1"
    ) throws -> HostTool {
        let command = [
            "curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--cacert", authority.root,
            "--write-out", "\n%{http_code} %{http_version}", "https://\(host):\(daemon.tcpPort)\(path)",
        ]
        return try HostTool(command + more, in: daemon.folder)
    }

    /// The serial number of the certificate that a new connection gets.
    private func serial(_ daemon: Daemon, _ authority: CertificateAuthority) throws -> String {
        let shown = try HostTool(
            [
                "openssl", "s_client", "-connect", "127.0.0.1:\(daemon.tcpPort)", "-CAfile", authority.root,
                "-verify_return_error",
            ], in: daemon.folder)
        let read = try HostTool(
            ["openssl", "x509", "-noout", "-serial", "-in", shown.outputPath], in: daemon.folder)
        return read.output.replacing("serial=", with: "").replacing("\n", with: "")
    }

    @Test func `is HTTP 1 point 1 with the whole chain, and asks for the token as ever`() throws {
        try withTLS { daemon, authority in
            #expect(daemon.log.contains("address=https://127.0.0.1:\(daemon.tcpPort)"))
            let live = try curl(daemon, authority, "/livez", host: "localhost")
            #expect(live.code == 0 && live.output.hasSuffix("\n200 1.1"), "\(live)")
            #expect(try curl(daemon, authority, "/v1/leases").output.hasSuffix("\n401 1.1"))
            let bearer = ["-H", "Authorization: Bearer \(daemon.token)"]
            #expect(try curl(daemon, authority, "/v1/leases", bearer).output.hasSuffix("\n200 1.1"))
            // Nobody has to take it on trust.
            let stranger = try HostTool(
                ["curl", "--noproxy", "*", "--max-time", "20", "https://127.0.0.1:\(daemon.tcpPort)/livez"],
                in: daemon.folder)
            #expect(stranger.code == 60)
            // The socket is as it was.
            #expect(try daemon.call("GET", "/v1/leases").status == 200)
        }
    }

    @Test func `is what the router speaks too, to its clients`() throws {
        let daemon = try Daemon(Daemon.Setup(listen: "127.0.0.1:0"))
        defer { daemon.kill() }
        let authority = try CertificateAuthority(in: daemon.folder)
        daemon.setup.extra = try authority.issue("shown", serial: "0A").flags + ["--router", "127.0.0.1:0"]
        try daemon.start()
        let lease = try daemon.granted("alice", 1, ["agents": ["planner"]])
        let agent = try RoutedAgent("planner", port: lease["first_port"].int ?? 0, in: daemon.folder)
        defer { agent.kill() }
        let port = try #require(RoutedWorld.routerPort(of: daemon))
        let place = "localhost:\(port)/s/alice/planner/where"
        let answer = try HostTool(
            [
                "curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--cacert", authority.root,
                "-H", "Authorization: Bearer \(daemon.token)", "https://\(place)",
            ], in: daemon.folder)
        let said = try JSON(parsing: answer.output.utf8)
        #expect(said["path"] == "/where")
        #expect(said["headers"].items.contains(["X-Forwarded-Proto", "https"]), "\(answer)")
        let clear = try HostTool(
            ["curl", "--silent", "--noproxy", "*", "--max-time", "20", "http://\(place)"], in: daemon.folder)
        #expect(clear.code != 0 && clear.output.isEmpty)
    }

    @Test func `has an origin of its own, which is not that of HTTP`() throws {
        try withTLS { daemon, authority in
            for (scheme, status) in [("https", 200), ("http", 403)] {
                let headers = [
                    "-H", "Authorization: Bearer \(daemon.token)", "-H",
                    "Origin: \(scheme)://127.0.0.1:\(daemon.tcpPort)",
                ]
                let reply = try curl(daemon, authority, "/v1/leases", headers)
                #expect(reply.output.hasSuffix("\n\(status) 1.1"), "\(scheme): \(reply)")
            }
        }
    }

    @Test func `answers nobody who speaks in the clear, or an old version`() throws {
        try withTLS { daemon, authority in
            for text in [
                "GET /livez HTTP/1.1\r\nHost: 127.0.0.1:\(daemon.tcpPort)\r\n\r\n", "\u{16}\u{3}\u{1}\0\u{1}x",
            ] {
                let connection = try daemon.tcp.connect()
                try connection.send(text)
                let rest: [UInt8]
                do { rest = try connection.receiveRest() } catch let end as Connection.Ended { rest = end.received }
                // An alert (RFC 8446, 6), which is no HTTP.
                #expect(!String(decoding: rest, as: UTF8.self).contains("HTTP/"))
                #expect(rest.isEmpty || rest[0] == 21, "\(rest)")
            }
            for (version, isTaken) in [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
                let tool = try HostTool(
                    [
                        "openssl", "s_client", "-connect", "127.0.0.1:\(daemon.tcpPort)", "-CAfile", authority.root,
                        "-verify_return_error", "-cipher", "DEFAULT:@SECLEVEL=0", version,
                    ], in: daemon.folder)
                #expect((tool.code == 0) == isTaken, "\(version): \(tool.errors)")
                #expect(isTaken || tool.errors.contains("alert protocol version"), "\(tool.errors)")
            }
            #expect(try curl(daemon, authority, "/livez").code == 0)
        }
    }

    @Test func `waits for a handshake as long as for a request`() throws {
        try withTLS { daemon, authority in
            let silent = try daemon.tcp.connect()
            let half = try daemon.tcp.connect()
            // A handshake that is 512 bytes long, of which four come.
            try half.send([22, 3, 1, 2, 0, 1, 0, 1, 252])
            let watch = Stopwatch()
            #expect(try silent.receiveRest() == [])
            #expect(try half.receiveRest().first.map { $0 == 21 } ?? true)
            #expect((10..<20).contains(watch.seconds), "\(watch.seconds)")
            #expect(try curl(daemon, authority, "/livez").code == 0)
        }
    }

    @Test func `shows a new certificate after SIGHUP, while open connections go on`() throws {
        try withTLS { daemon, authority in
            #expect(try serial(daemon, authority) == "0A")
            let follower = try HostTool.start(
                [
                    "curl", "--silent", "--no-buffer", "--noproxy", "*", "--max-time", "120", "--cacert",
                    authority.root, "-H", "Authorization: Bearer \(daemon.token)",
                    "https://127.0.0.1:\(daemon.tcpPort)/v1/events",
                ], in: daemon.folder)
            defer { follower.kill() }
            // Events come from the connection's start on, so that one must be heard before the change.
            #expect(
                try becomesTrue {
                    try daemon.granted("before", 1)
                    return follower.output.contains("before")
                })
            _ = try authority.issue("shown", serial: "0B")
            try #require(daemon.process).signal(SIGHUP)
            #expect(becomesTrue { daemon.log.contains("serial=0B") }, "\(daemon.log)")
            #expect(try serial(daemon, authority) == "0B")
            try daemon.granted("after", 1)
            #expect(becomesTrue { follower.output.contains("after") })
            #expect(try follower.status() == nil)
            #expect(try daemon.stop(within: 6) == .exited(0))
        }
    }

    @Test func `keeps its certificate where the new files are of no use, and says so`() throws {
        try withTLS { daemon, authority in
            let certificate = daemon.folder.file("shown.pem")
            let key = daemon.folder.file("shown.key")
            let good = TemporaryFolder.bytes(certificate)
            let other = try authority.issue("other", serial: "0C")
            let changes: [(String, () throws -> Void)] = [
                ("holds no certificate", { try TemporaryFolder.write(Array("junk".utf8), to: certificate) }),
                (
                    "do not go together",
                    { try TemporaryFolder.write(TemporaryFolder.bytes(other.certificate), to: certificate) }
                ),
                (
                    "Others may read the private key",
                    {
                        try TemporaryFolder.write(good, to: certificate)
                        chmod(key, 0o640)
                    }
                ),
                (
                    "No such file",
                    {
                        chmod(key, 0o600)
                        #expect(rename(key, key + ".away") == 0)
                    }
                ),
            ]
            for (words, change) in changes {
                try change()
                try #require(daemon.process).signal(SIGHUP)
                #expect(becomesTrue { daemon.log.contains(words) }, "\(words): \(daemon.log)")
                #expect(try serial(daemon, authority) == "0A")
            }
            #expect(daemon.log.contains("stays the one it was") && !daemon.log.contains("PRIVATE KEY"))
            #expect(rename(key + ".away", key) == 0)
            try #require(daemon.process).signal(SIGHUP)
            #expect(becomesTrue { daemon.log.contains("serial=0A") })
        }
    }

    @Test func `is what berth's own commands speak, with the authorities that they are told of`() throws {
        try withTLS { daemon, authority in
            let url = "https://127.0.0.1:\(daemon.tcpPort)"
            var commands = RunCommand(folder: daemon.folder, environment: ["BERTH_TOKEN": daemon.token])
            let lease = try commands.finish(["lease", "bob", "--url", url, "--tls-ca", authority.root])
            #expect(lease.end == .exited(0) && lease.output == "\(daemon.low)\n", "\(lease)")
            let untrusted = try commands.finish(["list", "--url", url])
            #expect(untrusted.end == .exited(77) && untrusted.errors.contains("--tls-ca"), "\(untrusted)")
            let none = try commands.finish(["list", "--url", url, "--tls-ca", daemon.database])
            #expect(none.end == .exited(78) && none.errors.contains("holds no certificate"), "\(none)")
            let clear = try commands.finish(["list", "--url", url.replacing("https", with: "http")])
            #expect(clear.end == .exited(69), "\(clear)")
            commands.environment.merge(["BERTH_URL": url, "BERTH_TLS_CA": authority.root]) { $1 }
            #expect(try commands.script("echo $PORT", ["run-bob"]).end == .exited(0))
            // A certificate of the right authority for another host.
            _ = try authority.issue("shown", serial: "0D", for: "DNS:berth.test")
            try #require(daemon.process).signal(SIGHUP)
            #expect(becomesTrue { daemon.log.contains("serial=0D") })
            let mistaken = try commands.finish(["list"])
            #expect(mistaken.end == .exited(77) && mistaken.errors.contains("another host's"), "\(mistaken)")
        }
    }
}
