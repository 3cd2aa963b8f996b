import Glibc

/// A `berth.yaml` with templates for tests, and the program that its agents run.
struct AgentTemplate {
    /// It answers every request with what it was started with, and logs it.
    private static let program = """
        import http.server, json, os, signal, subprocess, sys, time

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                names = ("BERTH_AGENT", "BERTH_SESSION", "PEER", "PORT", "LEAGUE")
                body = {name: os.environ.get(name) for name in names}
                body.update(pid=os.getpid(), arguments=sys.argv[1:], folder=os.getcwd())
                text = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                print("asked for", self.path, flush=True)

        print("starts", os.environ["BERTH_AGENT"], flush=True)
        if "--family" in sys.argv:
            stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
            child = subprocess.Popen([sys.executable, "-c", stubborn, sys.argv[0] + ".child"])
            print("child", child.pid, flush=True)
        if "--mute" in sys.argv:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        if "--fail" in sys.argv:
            sys.exit("there is no league today")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
        server.serve_forever()
        """

    /// Whom agents run as: a daemon of root's starts none as root, and another one only its own user's.
    private static var user: String {
        geteuid() == 0 ? "nobody" : getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? ""
    }

    /// What agents may read: the daemon's folder is closed to them.
    let folder: TemporaryFolder

    var program: String { folder.file("agent.py") }

    /// Writes the program, and the configuration which the daemon reads at its start.
    init(for daemon: Daemon, restart: String = "always", readySeconds: Int = 30, more: String = "") throws {
        folder = try TemporaryFolder()
        let program = folder.file("agent.py")
        try TemporaryFolder.write(Array(Self.program.utf8), to: program)
        guard chmod(folder.path, 0o755) == 0, chmod(program, 0o644) == 0 else {
            throw HarnessError("the agents' folder cannot be opened to them")
        }
        let user = Self.user
        let yaml = """
            templates:
              pair:
                user: \(user)
                allow: [everybody]
                ready_seconds: \(readySeconds)
                variables: { league: { pattern: "[a-z ]+", default: "first league" } }
                environment: { LEAGUE: "{league}" }
            \(more)
                agents:
                  one:
                    command: [python3, "\(program)", "{league}", "--port={port}"]
                    environment: { PEER: "{url:two}" }
                    working_directory: "\(folder.path)"
                    ready: { http: / }
                    restart: { policy: \(restart), backoff_seconds: 0.1, max_backoff_seconds: 1 }
                  two:
                    command: [python3, "\(program)", --family]
                    ready: tcp
                    stop: { signal: TERM, grace_seconds: 0.3 }
              broken:
                user: \(user)
                agents:
                  fine: { command: [python3, "\(program)"] }
                  poor: { command: [python3, "\(program)", --fail] }
              stubborn:
                user: \(user)
                agents:
                  mute: { command: [python3, "\(program)", --mute], stop: { grace_seconds: 60 } }
              missing:
                user: \(user)
                agents:
                  nobody: { command: [/nowhere/at-all] }
            """
        let file = daemon.folder.file("berth.yaml")
        try TemporaryFolder.write(Array(yaml.utf8), to: file)
        daemon.setup.extra += ["--config", file]
    }
}

extension AgentTemplate {
    /// Runs the body with a daemon that has the templates. Nothing of them is left behind, however the body ends.
    static func withDaemon(
        _ setup: Daemon.Setup = .init(quarantine: "0.2"), restart: String = "always", readySeconds: Int = 30,
        more: String = "",
        _ body: (Daemon, AgentTemplate) throws -> Void
    ) throws {
        let daemon = try Daemon(setup)
        let template = try AgentTemplate(for: daemon, restart: restart, readySeconds: readySeconds, more: more)
        defer {
            daemon.kill()
            // The agents outlive the daemon.
            for process in template.processes + template.children { Glibc.kill(process, SIGKILL) }
        }
        try daemon.start()
        try body(daemon, template)
    }

    /// The live processes that run the program.
    var processes: [pid_t] { live(program) }

    /// The live processes that agents of the program have made, and that ignore SIGTERM.
    var children: [pid_t] { live(program + ".child") }

    private func live(_ argument: String) -> [pid_t] {
        let names = (try? TemporaryFolder.names(in: "/proc")) ?? []
        return names.compactMap { Int($0) }
            .filter { ProcessLook.command($0).contains(argument) && ProcessLook.isAlive($0) }.map { pid_t($0) }
    }
}

extension Daemon {
    /// Starts a session of a template.
    func startSession(
        _ session: String, _ template: String = "pair", _ more: [String: JSON] = [:],
        headers: [(String, String)] = []
    ) throws -> Response {
        let body = JSON.object(["session": .text(session), "template": .text(template)]).with(more)
        return try call("POST", "/v1/sessions", body, headers: headers)
    }

    /// What an agent says of itself.
    func ask(_ agent: JSON) throws -> JSON {
        guard let port = agent["port"].int else { throw HarnessError("no port: \(agent)") }
        let connection = try Endpoint.tcp("127.0.0.1", port).connect()
        defer { connection.close() }
        return try connection.call("GET", "/", nil, headers: []).json
    }
}
