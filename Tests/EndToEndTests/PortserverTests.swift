import Glibc
import Testing

@Suite struct `Serving portpicker` {
    private func serving(_ setup: Daemon.Setup = .init(), _ body: (Daemon, String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("portserver")
        var setup = setup
        setup.extra += ["--portserver", path]
        try withDaemon(setup) { try body($0, path) }
    }

    @Test func `its own client picks leased ports in many processes at once, which come back when they are killed`()
        throws
    {
        let name = "@berth-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
        try withDaemon(Daemon.Setup(extra: ["--portserver", name])) { daemon in
            #expect(daemon.log.contains(name))
            let programs = try (1...8).map { try Portpicker.start(5, at: name, in: daemon.folder, "picker-\($0)") }
            let picked = try programs.map { try Portpicker.ports($0) }
            #expect(picked.allSatisfy { $0.count == 5 })
            #expect(Set(picked.joined()).count == 40)
            #expect(picked.joined().allSatisfy(daemon.range.contains))
            let leases = try daemon.all("/v1/leases", "leases")
            #expect(leases.count == 40)
            for (program, ports) in zip(programs, picked) {
                let own = leases.filter { $0["owner"]["pid"] == .integer(Int(program.id)) }
                #expect(Set(own.compactMap { $0["first_port"].int }) == Set(ports))
                #expect(Set(own.compactMap { $0["session"].text }).count == 1)
                #expect(own.allSatisfy { $0["session"].text?.hasPrefix("portserver:\(program.id)-") == true })
                #expect(own.allSatisfy { $0["count"] == 1 && $0["principal"] == .text("uid:\(getuid())") })
            }
            let why = try Invocation(["why", "\(picked[0][0])", "--socket", daemon.socketPath], in: daemon.folder)
            #expect(why.output.contains("process \(programs[0].id), alive"), "\(why.output)")
            for program in programs { program.signal(SIGKILL) }
            for program in programs { _ = try program.wait(within: 10) }
            #expect(try becomesTrue { try daemon.pool()["free"] == .integer(daemon.range.count) })
            #expect(try daemon.all("/v1/leases?state=all", "leases").allSatisfy { $0["state"] == "orphaned" })
        }
    }

    @Test func `leases to the process that is named, a further port each time, until that one ends`() throws {
        try serving { daemon, path in
            let holder = try ChildProcess(["sleep", "600"], environment: [:], log: daemon.folder.file("holder"))
            let answers = try (0..<3).map { _ in try Portpicker.ask(path, "\(holder.id)\n") }
            let ports = answers.compactMap { Int($0.dropLast()) }
            #expect(Set(ports).count == 3 && answers.allSatisfy { $0.hasSuffix("\n") })
            #expect(try Portpicker.ask(path, "\(getpid())", finish: true).hasSuffix("\n"))
            holder.kill()
            #expect(try becomesTrue { try ports.allSatisfy { try daemon.portState($0) == "free" } })
        }
    }

    @Test func `answers nothing to what names no live process, and goes on`() throws {
        try serving { daemon, path in
            for wrong in ["\n", "0\n", "1\n", "-1\n", "abc\n", "99999999999\n", "1234567890123456789012345", "4\n5\n"] {
                #expect(try Portpicker.ask(path, wrong) == "", "\(wrong)")
            }
            #expect(try Portpicker.ask(path, "", finish: true) == "")
            let ended = try ChildProcess(["true"], environment: [:], log: daemon.folder.file("ended"))
            _ = try ended.wait(within: 10)
            #expect(try Portpicker.ask(path, "\(ended.id)\n") == "")
            #expect(try daemon.all("/v1/leases?state=all", "leases").isEmpty)
            #expect(try Portpicker.ask(path, "\(getpid())\n") != "")
        }
    }

    @Test func `answers nothing when the pool is full, and silent clients keep nobody out`() throws {
        try serving(Daemon.Setup(poolSize: 2)) { _, path in
            let silent = try (0..<100).map { _ in try Endpoint.unix(path).connect() }
            defer { for connection in silent { connection.close() } }
            #expect(try Portpicker.ask(path, "\(getpid())\n") != "")
            #expect(try Portpicker.ask(path, "\(getpid())\n") != "")
            #expect(try Portpicker.ask(path, "\(getpid())\n") == "")
        }
    }

    @Test func `stops at once though a client says nothing, and leaves no file`() throws {
        try serving { daemon, path in
            let silent = try Endpoint.unix(path).connect()
            defer { silent.close() }
            try silent.send("12")
            #expect(try Portpicker.ask(path, "\(getpid())\n") != "")
            #expect(try daemon.stop() == .exited(0))
            #expect(try TemporaryFolder.names(in: String(path.dropLast("/portserver".count))).isEmpty)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can be another user"))
    func `lets users name processes of their own, where the socket's mode lets them in`() throws {
        let mine =
            "import os, socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1].replace('@', '\\0'))"
        let program =
            mine + "\ns.sendall(b'%d\\n' % int(sys.argv[2] if sys.argv[2:] else os.getpid()))\nprint(s.recv(99))"
        for (mode, isLetIn) in [("0666", true), ("0600", false)] {
            let name = "@berth-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
            try withDaemon(Daemon.Setup(extra: ["--portserver", name, "--socket-mode", mode])) { daemon in
                let other = ["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", program, name]
                #expect(try (HostTool(other, in: daemon.folder).output != "b''\n") == isLetIn)
                #expect(try HostTool(other + ["\(getpid())"], in: daemon.folder).output == "b''\n")
                let root = ["/usr/bin/python3", "-c", program, name]
                #expect(try HostTool(root, in: daemon.folder).output != "b''\n")
                let apart = ["unshare", "--pid", "--fork", "--mount-proc"] + root
                #expect(try HostTool(apart, in: daemon.folder).output == "b''\n")
                let principals = try daemon.all("/v1/leases?state=all", "leases").compactMap { $0["principal"].text }
                #expect(Set(principals) == (isLetIn ? ["uid:65534", "uid:0"] : ["uid:0"]))
            }
        }
    }

    @Test func `is refused on a name that another has`() throws {
        let name = "@berth-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
        try withDaemon(Daemon.Setup(extra: ["--portserver", name])) { _ in
            let second = try Daemon(Daemon.Setup(extra: ["--portserver", name]))
            let child = try second.launch()
            defer { second.kill() }
            #expect(try child.wait(within: 20) == .exited(75))
            #expect(second.log.contains(name))
        }
    }
}
