import Glibc

/// An agent of a test's own: an HTTP server in Python that does what a path asks for.
final class RoutedAgent {
    let name: String
    let port: Int
    private let process: ChildProcess

    init(_ name: String, port: Int, in folder: TemporaryFolder) throws {
        self.name = name
        self.port = port
        let script = folder.file("agent.py")
        try TemporaryFolder.write(Array(Self.script.utf8), to: script)
        process = try ChildProcess(
            ["python3", script, name, "\(port)"],
            environment: ["PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"],
            log: folder.file("agent-\(port)"))
        let isUp = try becomesTrue {
            if let end = try process.status() { throw HarnessError("the agent ended, \(end): \(process.errors)") }
            return process.output.contains("up")
        }
        guard isUp else { throw HarnessError("the agent does not come up: \(process.errors)") }
    }

    func kill() { process.kill() }

    /// Asked directly, past the router.
    func ask(_ path: String) throws -> Response {
        let connection = try Endpoint.tcp("127.0.0.1", port).connect()
        defer { connection.close() }
        return try connection.call("GET", path)
    }

    /// Each answer's last word waits until somebody else says so: nothing here rests on time.
    private static let script = """
        import http.server, json, sys, threading

        name, port = sys.argv[1], int(sys.argv[2])
        gate = threading.Semaphore(0)
        hangups, requests = [], []

        class Agent(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *arguments):
                pass

            def say(self, value, status=200, **fields):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Keep-Alive", "timeout=99")
                for field, text in fields.items():
                    self.send_header(field.replace("_", "-"), text)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def chunk(self, text):
                data = text.encode()
                self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(data), data))
                self.wfile.flush()

            def drain(self):
                count = 0
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    while size := int(self.rfile.readline(), 16):
                        count += len(self.rfile.read(size))
                        self.rfile.readline()
                    while self.rfile.readline().strip():
                        pass
                    return count
                left = int(self.headers.get("Content-Length") or 0)
                while left:
                    part = self.rfile.read(min(left, 1 << 20))
                    if not part:
                        break
                    left, count = left - len(part), count + len(part)
                return count

            def do_GET(self):
                path = self.path.split("?")[0]
                requests.append(self.path)
                if path == "/events":
                    self.send_response(200)
                    self.send_header("Content-Type", "text/event-stream")
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    number = 0
                    try:
                        while True:
                            number += 1
                            self.chunk("data: %s %d\\n\\n" % (name, number))
                            gate.acquire()
                    except OSError:
                        hangups.append(path)
                        self.close_connection = True
                elif path == "/go":
                    gate.release()
                    self.say("went")
                elif path == "/hold":
                    # Whoever hangs up is heard of at the end of what it sends.
                    self.close_connection = True
                    if not self.rfile.read(1):
                        hangups.append(path)
                elif path == "/hangups":
                    self.say(len(hangups))
                elif path == "/requests":
                    self.say(requests)
                elif path == "/endless":
                    self.send_response(200)
                    self.send_header("Connection", "close")
                    self.end_headers()
                    self.wfile.write(b"until the end")
                    self.close_connection = True
                elif path == "/empty":
                    self.send_response(204)
                    self.end_headers()
                elif path == "/die":
                    self.close_connection = True
                elif path == "/upgrade":
                    self.send_response(101)
                    self.send_header("Connection", "Upgrade")
                    self.send_header("Upgrade", self.headers["Upgrade"])
                    self.end_headers()
                    self.wfile.write(b"hello ")
                    while data := self.connection.recv(4096):
                        self.wfile.write(data.upper())
                    self.wfile.write(b" goodbye")
                    self.close_connection = True
                else:
                    self.say({"agent": name, "method": self.command, "path": self.path, "length": self.drain(),
                              "headers": [[k, v] for k, v in self.headers.items()]}, X_Agent=name)

            do_POST = do_PUT = do_HEAD = do_DELETE = do_OPTIONS = do_GET

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Agent)
        print("up", flush=True)
        server.serve_forever()
        """
}

/// A daemon with a router, and sessions whose agents run.
final class RoutedWorld {
    let daemon: Daemon
    let routerPort: Int
    /// An agent that nobody keeps is ended.
    private var running: [RoutedAgent] = []

    private init(_ daemon: Daemon, routerPort: Int) {
        self.daemon = daemon
        self.routerPort = routerPort
    }

    var endpoint: Endpoint { .tcp("127.0.0.1", routerPort) }
    var bearer: (String, String) { ("Authorization", "Bearer \(daemon.token)") }

    /// Leases a port for each name; each has an agent on it.
    func session(_ name: String, _ agents: [String]) throws -> (lease: JSON, agents: [RoutedAgent]) {
        let lease = try daemon.granted(name, agents.count, ["agents": .array(agents.map { .text($0) })])
        let started = try zip(agents, lease["ports"].ints).map { agent, port in
            try RoutedAgent("\(name)/\(agent)", port: port, in: daemon.folder)
        }
        running += started
        return (lease, started)
    }

    /// A call through the router, with the administrator's token unless the headers have another.
    func call(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, headers: [(String, String)] = [],
        isAuthorized: Bool = true
    ) throws -> Response {
        let connection = try endpoint.connect()
        defer { connection.close() }
        return try connection.call(method, path, body, headers: headers + (isAuthorized ? [bearer] : []))
    }

    func get(_ path: String, headers: [(String, String)] = [], isAuthorized: Bool = true) throws -> Response {
        try call("GET", path, headers: headers, isAuthorized: isAuthorized)
    }

    /// Sends a request and leaves its answer to be read.
    func open(_ path: String, headers: [(String, String)] = []) throws -> Connection {
        let connection = try endpoint.connect()
        try connection.send(Connection.request("GET", path, headers: headers + [bearer], host: endpoint.host))
        return connection
    }

    static func with<Result>(_ setup: Daemon.Setup = .init(), _ body: (RoutedWorld) throws -> Result) throws -> Result {
        var setup = setup
        setup.extra += ["--router", "127.0.0.1:0"]
        return try withDaemon(setup) { daemon in
            guard let port = routerPort(of: daemon) else {
                throw HarnessError("the router does not say where it is: \(daemon.log)")
            }
            return try body(RoutedWorld(daemon, routerPort: port))
        }
    }

    /// Where the daemon says that its router is.
    static func routerPort(of daemon: Daemon) -> Int? {
        eventually { daemon.log.split(separator: "\n").last { $0.contains("routing requests") }.flatMap(port) }
    }

    private static func port(_ line: Substring) -> Int? {
        guard let start = line.firstRange(of: "//127.0.0.1:") else { return nil }
        return Int(line[start.upperBound...].prefix { $0.isNumber })
    }
}
