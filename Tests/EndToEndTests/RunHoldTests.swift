import Glibc
import Testing

@Suite struct `berth run --hold` {
    /// Tells in lines what a process was started with: the variables, its PID, and every descriptor above the standard
    /// ones as `descriptor address port listens`.
    private static let inventory = """
        import os, socket
        for name in ("LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "BERTH_PORTS"):
            print(name + "=" + os.environ.get(name, ""))
        print("PID=%d" % os.getpid())
        links = {}
        for entry in os.listdir("/proc/self/fd"):
            try: links[int(entry)] = os.readlink("/proc/self/fd/" + entry)
            except OSError: pass  # the listing's own
        for descriptor in sorted(links):
            if descriptor < 3: continue
            if not links[descriptor].startswith("socket:"):
                print("OTHER=" + links[descriptor])
                continue
            passed = socket.socket(fileno=os.dup(descriptor))
            address, port = passed.getsockname()
            listens = passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            print("%d %s %d %d" % (descriptor, address, port, listens))
        """

    private func python(_ program: String, _ options: [String]) -> [String] {
        ["run", "bob"] + options + ["--", "python3", "-c", program]
    }

    /// The inventory of a command that berth run starts, which has itself nothing open but the standard streams.
    private func inventory(_ commands: RunCommand, _ options: [String]) throws -> RunCommand.Outcome {
        let bare = "import os, sys; os.closerange(3, 65536); os.execv(sys.argv[1], sys.argv[1:])"
        let child = try commands.start(python(Self.inventory, options), wrapper: ["python3", "-c", bare])
        let end = try child.wait(within: 30)
        return RunCommand.Outcome(end: end, output: child.output, errors: child.errors)
    }

    @Test(arguments: [1, 6])
    func `passes a listening socket for each port, from descriptor 3, and nothing else`(count: Int) throws {
        try withDaemon { daemon in
            let outcome = try inventory(daemon.commands, ["--hold", "-n", "\(count)"])
            #expect(outcome.end == .exited(0), "\(outcome.errors)")
            let lease = try #require(try daemon.leases(of: "bob").first)
            let first = try #require(lease["first_port"].int)
            #expect(outcome.variables["LISTEN_FDS"] == "\(count)")
            #expect(outcome.variables["LISTEN_PID"] == outcome.variables["PID"])
            let names = outcome.variables["LISTEN_FDNAMES"]?.split(separator: ":").map(String.init) ?? []
            #expect(names.count == count && Set(names).count == count && names[0] == "command", "\(names)")
            #expect(outcome.variables["OTHER"] == nil)
            let sockets = outcome.output.split(separator: "\n").filter { $0.first?.isNumber == true }.map(String.init)
            #expect(sockets == (0..<count).map { "\(3 + $0) 127.0.0.1 \(first + $0) 1" })
        }
    }

    @Test func `and only it passes sockets`() throws {
        try withDaemon { daemon in
            var commands = daemon.commands
            let outcome = try inventory(commands, ["-n", "2"])
            #expect(outcome.output.contains("LISTEN_FDS=\n") && outcome.output.contains("LISTEN_PID=\n"))
            #expect(outcome.variables["OTHER"] == nil)
            #expect(!outcome.output.contains("127.0.0.1"))
            commands.environment["LISTEN_FDS"] = "7"
            commands.environment["LISTEN_FDNAMES"] = "old"
            let held = try inventory(commands, ["--hold"])
            #expect(held.variables["LISTEN_FDS"] == "1" && held.variables["LISTEN_FDNAMES"] == "command")
        }
    }

    @Test(arguments: ["-1", "0", "99999999999999999999", "3:4", "\u{202E}7", " ", "LISTEN_FDS=1"])
    func `believes nothing that it is told of sockets itself`(value: String) throws {
        try withDaemon { daemon in
            var commands = daemon.commands
            for name in ["LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"] { commands.environment[name] = value }
            let outcome = try inventory(commands, ["--hold", "-n", "2"])
            #expect(outcome.end == .exited(0), "\(outcome.errors)")
            #expect(outcome.variables["LISTEN_FDS"] == "2")
            #expect(outcome.variables["LISTEN_FDNAMES"] == "command:port-2")
            #expect(outcome.variables["LISTEN_PID"] == outcome.variables["PID"])
            #expect(outcome.variables["OTHER"] == nil)
        }
    }

    @Test func `takes the sockets' place whatever descriptors were open`() throws {
        try withDaemon { daemon in
            // As make passes its job server on: the command has what berth run was started with, but at 3 its sockets.
            let script = "exec 3</dev/null 4</dev/null 5</dev/zero 9</dev/full; exec \"$0\" \"$@\""
            let arguments = python(Self.inventory, ["--hold", "-n", "2"])
            let bare = "import os, sys; os.closerange(3, 65536); os.execv(sys.argv[1], sys.argv[1:])"
            let child = try daemon.commands.start(
                arguments, wrapper: ["python3", "-c", bare, "/bin/sh", "-c", script])
            #expect(try child.wait(within: 30) == .exited(0), "\(child.errors)")
            #expect(child.output.contains("OTHER=/dev/zero\nOTHER=/dev/full\n"))
            let first = try #require(try daemon.leases(of: "bob").first?["first_port"].int)
            let sockets = child.output.split(separator: "\n").filter { $0.first?.isNumber == true }.map(String.init)
            #expect(sockets == ["3 127.0.0.1 \(first) 1", "4 127.0.0.1 \(first + 1) 1"])
        }
    }

    /// Serves the words `from the socket` on descriptor 3 until a client sends `end`.
    private static let server = """
        import socket, sys
        listener = socket.socket(fileno=3)
        while True:
            client, _ = listener.accept()
            word = client.recv(16)
            client.sendall(b"from the socket")
            client.close()
            if word == b"end": break
            if word == b"close":
                listener.close()
                print("closed", flush=True)
                sys.stdin.read()
                while True: __import__("signal").pause()
        """

    private func ask(_ port: Int, _ word: String) throws -> String {
        let socket = try Socket(family: AF_INET)
        try socket.limit(seconds: 20)
        try socket.connect(.init(address: "127.0.0.1", port: port))
        guard write(socket.descriptor, word, word.utf8.count) == word.utf8.count else {
            throw HarnessError.system("write")
        }
        var bytes = [UInt8](repeating: 0, count: 64)
        let length = read(socket.descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, length)), as: UTF8.self)
    }

    @Test func `keeps strangers off while a server serves from its socket, and connections that come early wait`()
        throws
    {
        try withDaemon { daemon in
            let child = try daemon.commands.start(python(Self.server, ["--hold"]))
            let port = try #require(try daemon.runningLease(of: "bob")["first_port"].int)
            for address in ["127.0.0.1", "0.0.0.0"] {
                let stranger = try Socket(family: AF_INET)
                try stranger.set(SO_REUSEADDR)
                #expect(throws: HarnessError.self) { try stranger.bind(.init(address: address, port: port)) }
            }
            #expect(try ask(port, "hello") == "from the socket")
            #expect(try ask(port, "end") == "from the socket")
            #expect(try child.wait(within: 20) == .exited(0))
        }
    }

    @Test func `lets go of its own copies, so that the command can close a port`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(python(Self.server, ["--hold"]))
            let port = try #require(try daemon.runningLease(of: "bob")["first_port"].int)
            #expect(try ask(port, "close") == "from the socket")
            #expect(becomesTrue { child.output == "closed\n" })
            // Nobody listens any more: the kernel refuses, where a copy would let the connection wait for ever.
            #expect(throws: HarnessError.self) {
                try Socket(family: AF_INET).connect(.init(address: "127.0.0.1", port: port))
            }
            child.signal(SIGTERM)
            #expect(try child.wait(within: 20) == .exited(143))
        }
    }

    @Test func `gives no port whose address somebody has, and releases the lease`() throws {
        try withDaemon { daemon in
            // On the loopback of one port; the probe of the daemon sees it and grants another block.
            let stranger = try Socket(family: AF_INET)
            try stranger.bind(.init(address: "127.0.0.1", port: daemon.low))
            try stranger.listen()
            let outcome = try inventory(daemon.commands, ["--hold", "-n", "3"])
            #expect(outcome.end == .exited(0))
            #expect(outcome.variables["BERTH_PORTS"]?.contains("\(daemon.low) ") == false)
            let lease = try #require(try daemon.leases(of: "bob").first)
            #expect(lease["state"] == "released")
        }
    }
}
