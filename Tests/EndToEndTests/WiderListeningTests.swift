import Glibc
import Testing

@Suite struct `Listening wider than loopback` {
    /// Launches what must be refused, and returns what it said.
    private func refusal(_ daemon: Daemon, code: Int32) throws -> String {
        let child = try daemon.launch()
        defer { daemon.kill() }
        #expect(try child.wait(within: 20) == .exited(code), "\(child.errors)")
        return child.errors
    }

    @Test(arguments: ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0", "192.0.2.1:7117"])
    func `is refused in the clear, before anything is touched`(address: String) throws {
        let daemon = try Daemon(Daemon.Setup(listen: address))
        let words = try refusal(daemon, code: 64)
        for word in [address, "--tls-certificate", "--tls-key", "--insecure-listen"] {
            #expect(words.contains(word), "\(words)")
        }
        #expect(access(daemon.database, F_OK) != 0 && access(daemon.tokenFile, F_OK) != 0)
    }

    @Test func `is done in the clear where somebody asks for it, with a warning`() throws {
        try withDaemon(Daemon.Setup(listen: "0.0.0.0:0", extra: ["--insecure-listen"])) { daemon in
            #expect(daemon.log.contains(" warning other hosts are spoken to in the clear"), "\(daemon.log)")
            #expect(daemon.log.contains("address=http://0.0.0.0:\(daemon.tcpPort)"))
            let reply = try daemon.callTCP("GET", "/v1/leases")
            #expect(reply.status == 200)
        }
    }

    @Test func `is done under TLS without a warning`() throws {
        let daemon = try Daemon(Daemon.Setup(listen: "0.0.0.0:0"))
        defer { daemon.kill() }
        daemon.setup.extra = try CertificateAuthority(in: daemon.folder).issue("shown", serial: "01").flags
        try daemon.start()
        #expect(daemon.log.contains("address=https://0.0.0.0:\(daemon.tcpPort)"))
        #expect(!daemon.log.contains("in the clear"))
    }

    @Test(arguments: ["127.0.0.2:0", "[::1]:0", "localhost:0", "[::ffff:127.0.0.1]:0"])
    func `is not what loopback is`(address: String) throws {
        try withDaemon(Daemon.Setup(listen: address)) { daemon in
            #expect(!daemon.log.contains("in the clear"))
            let reply = try daemon.call("GET", "/livez")
            #expect(reply.status == 200)
        }
    }

    @Test func `is refused with a certificate or key that cannot be used`() throws {
        let daemon = try Daemon(Daemon.Setup(listen: "0.0.0.0:0"))
        let authority = try CertificateAuthority(in: daemon.folder)
        let good = try authority.issue("good", serial: "01")
        let other = try authority.issue("other", serial: "02")
        let open = CertificateAuthority.Issue(certificate: good.certificate, key: daemon.folder.file("open.key"))
        try TemporaryFolder.write(TemporaryFolder.bytes(good.key), to: open.key)
        chmod(open.key, 0o644)
        typealias Issue = CertificateAuthority.Issue
        let cases: [([String], String)] = [
            (Issue(certificate: good.certificate, key: other.key).flags, "do not go together"),
            (Issue(certificate: good.key, key: good.key).flags, "holds no certificate"),
            (Issue(certificate: daemon.folder.file("none.pem"), key: good.key).flags, "none.pem"),
            (Issue(certificate: good.certificate, key: daemon.folder.file("none.key")).flags, "none.key"),
            (open.flags, "Others may read the private key"),
            (["--tls-certificate", good.certificate, "--insecure-listen"], "--tls-key"),
        ]
        for (flags, words) in cases {
            daemon.setup.extra = flags
            let said = try refusal(daemon, code: 78)
            #expect(said.contains(words) && !said.contains("PRIVATE KEY"), "\(said)")
            #expect(access(daemon.database, F_OK) != 0)
        }
    }
}
