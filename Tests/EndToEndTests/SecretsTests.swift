import Glibc
import Testing

/// Tokens, wherever they are sent, stand nowhere afterwards but in the token file.
@Suite struct `Secrets` {
    /// A daemon that logs everything, and tokens of every kind that it has been shown.
    private struct World {
        let daemon: Daemon
        let administrator: String
        /// Made by the command line.
        let made: String
        let revoked: String

        var secrets: [String] { [administrator, made, revoked] }

        init(_ daemon: Daemon) throws {
            self.daemon = daemon
            administrator = daemon.token
            let command = try Invocation(
                ["token", "create", "ci", "--socket", daemon.socketPath], in: TemporaryFolder())
            guard command.code == 0, command.errors == "" else { throw HarnessError("no token: \(command.errors)") }
            made = String(command.output.dropLast())
            revoked = try daemon.createdToken("old")
            guard try daemon.call("DELETE", "/v1/tokens/old").status == 204 else { throw HarnessError("not revoked") }
        }

        /// Sends bytes as they are, and returns all that comes back.
        func answer(to request: String) throws -> String {
            let connection = try daemon.tcp.connect()
            defer { connection.close() }
            try connection.send(request)
            connection.finishSending()
            return String(decoding: try connection.receiveRest(), as: UTF8.self)
        }
    }

    /// Requests that are wrong, each with a secret in another place, and what comes back of it: a name that was made up
    /// is told to who made it up.
    private static func wrongRequests(_ secret: String, _ token: String) -> [(request: String, mayRepeat: Bool)] {
        let signed = "Host: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\n"
        let bare = "Host: 127.0.0.1\r\nConnection: close\r\n"
        func get(_ target: String, _ head: String = signed) -> String { "GET \(target) HTTP/1.1\r\n\(head)\r\n" }
        func post(_ body: String, _ target: String = "/v1/leases", _ more: String = "") -> String {
            "POST \(target) HTTP/1.1\r\n\(signed)Content-Type: application/json\r\n\(more)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        let told = [
            get("/v1/leases?\(secret)=1"), get("/v1/sessions/\(secret)"),
            post(#"{"session": "a", "count": 1, "\#(secret)": 1}"#),
        ]
        let untold =
            [
                "Bearer \(secret)x", "Bearer x\(secret)", "Bearer \(secret) more", "Basic \(secret)", secret,
                "Bearer=\(secret)",
            ].map { get("/v1/leases", bare + "Authorization: \($0)\r\n") }
            + [
                "/v1/leases?token=\(secret)", "/v1/leases?state=\(secret)", "/v1/leases?cursor=\(secret)", "/\(secret)",
                "/v1/leases/\(secret)", "/v1/ports/\(secret)", "http://u:\(secret)@127.0.0.1/v1/leases",
                "http://\(secret)/v1/leases",
            ].map { get($0) }
            + [
                "Authorization: Bearer \(secret)", "Host: \(secret)", "Origin: http://\(secret)",
                "Cookie: token=\(secret)",
                "X-Request-Id: \(secret) ;", "Prefer: wait=\(secret)", "Transfer-Encoding: \(secret)", secret,
                "Authorization : Bearer \(secret)", "Sec-Fetch-Site: \(secret)",
            ].map { get("/v1/leases", signed + $0 + "\r\n") }
            + [
                post(#"{"session": "a", "count": 1, "token": "\#(secret)"}"#), post(#"{"session": "a" \#(secret)"#),
                post(#"{"session": "\#(secret) ", "count": 1}"#), post(#"{"session": "a", "count": "\#(secret)"}"#),
                post(#"{"name": "\#(secret)"}"#, "/v1/tokens"), post(#"{"path": "\#(secret)"}"#, "/v1/backups"),
                post(#"{"before": "\#(secret)"}"#, "/v1/audit/prune"),
                post("{}", "/v1/leases", "Idempotency-Key: \(secret) \u{1}\r\n"),
            ] + ["\(secret)\r\n\r\n", "GET /\(secret)\r\n\r\n", "GET / HTTP/1.1\r\n\(secret)\r\n\r\n"]
        return told.map { ($0, true) } + untold.map { ($0, false) }
    }

    @Test func `are in no answer, log, metric, record or file, however they were sent`() throws {
        try withDaemon(Daemon.Setup(extra: ["--log-level", "trace"])) { daemon in
            let world = try World(daemon)
            #expect(try daemon.call(withToken: world.made, "GET", "/v1/leases").status == 200)
            #expect(try daemon.call(withToken: world.revoked, "GET", "/v1/leases").status == 401)
            var count = 0
            for secret in world.secrets {
                for (request, mayRepeat) in Self.wrongRequests(secret, world.administrator) {
                    let answer = try world.answer(to: request)
                    #expect(
                        !answer.hasPrefix("HTTP/1.1 5") && (mayRepeat || !answer.contains(secret)),
                        "\(request)\n\(answer)")
                    count += 1
                }
            }
            #expect(count > 90)
            for path in ["/metrics", "/v1/audit?limit=1000", "/v1/tokens?state=all", "/readyz?verbose", "/v1/leases"] {
                let answer = try daemon.call("GET", path)
                #expect(answer.status == 200)
                for secret in world.secrets { #expect(!answer.text.contains(secret), "\(path)") }
            }
            let backup = daemon.folder.file("backup.db")
            #expect(try daemon.call("POST", "/v1/backups", ["path": .text(backup)]).status == 200)
            #expect(daemon.log.contains("request refused"), "the log is not that of every refusal")
            // As it lies there, the log of the database among it, and once more in order.
            try expectNowhere(world)
            try daemon.stop()
            try expectNowhere(world)
        }
    }

    /// No file of the daemon's folder holds a secret, the token's file and what is no data apart.
    private func expectNowhere(_ world: World) throws {
        let folder = world.daemon.folder
        let names = try TemporaryFolder.names(in: folder.path).filter {
            !$0.hasSuffix("-reserve") && $0 != "berth.sock"
        }
        #expect(names.contains("berth.db") && names.contains("log-1.err") && names.contains("token"))
        for name in names {
            let bytes = TemporaryFolder.bytes(folder.file(name))
            for secret in world.secrets where name != "token" || secret != world.administrator {
                #expect(bytes.firstRange(of: Array(secret.utf8)) == nil, "\(name)")
            }
        }
    }

    @Test func `are in no arguments and no environment of a process`() throws {
        try withDaemon { daemon in
            let world = try World(daemon)
            let folder = try TemporaryFolder()
            try TemporaryFolder.write(Array(world.made.utf8), to: folder.file("token"))
            let commands = RunCommand(
                folder: folder,
                environment: [
                    "BERTH_URL": "http://127.0.0.1:\(daemon.tcpPort)", "BERTH_TOKEN_FILE": folder.file("token"),
                ])
            // One that goes on, and the program that one runs: neither is told of more than the file's name.
            let follower = try commands.start(["audit", "-f", "--format", "ndjson"])
            let run = try commands.start(
                ["run", "alice", "--", "sh", "-c", "cat /proc/$$/environ >ran; exec sleep 600"], in: folder.path)
            #expect(
                becomesTrue(within: 20) { TemporaryFolder.bytes(folder.file("ran")).count > 0 }, "\(run.errors)")
            let process = try #require(daemon.process)
            for child in [process, follower, run] {
                #expect(try child.status() == nil, "\(child.errors)")
                for file in ["cmdline", "environ"] {
                    // Sizes of files in /proc are not known beforehand.
                    let text = try Self.proc("/proc/\(child.id)/\(file)")
                    #expect(!text.isEmpty)
                    for secret in world.secrets { #expect(!text.contains(secret), "\(file) of \(child.id)") }
                }
            }
            let environment = TemporaryFolder.text(folder.file("ran"))
            for secret in world.secrets { #expect(!environment.contains(secret)) }
        }
    }

    private static func proc(_ path: String) throws -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw HarnessError.system("open \(path)") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
