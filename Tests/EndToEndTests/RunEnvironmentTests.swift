import Testing

@Suite struct `The environment of a command that berth run starts` {
    @Test func `has one port unless more are asked for`() throws {
        try withDaemon { daemon in
            let bare = try daemon.commands.finish(["run", "bob", "--", "env"])
            #expect(bare.end == .exited(0))
            let lease = try #require(try daemon.leases(of: "bob").first)
            let port = "\(lease["first_port"].int ?? 0)"
            let own = try daemon.commands.start(["version"])
            _ = try own.wait(within: 10)
            var expected = [
                "PORT": port, "PORT_1": port, "HOST": "127.0.0.1", "BERTH_LEASE": "\(lease["id"].int ?? 0)",
                "BERTH_SESSION": "bob", "BERTH_PORTS": port, "USER_PORT_1": port, "COMMAND_PORT": port,
            ]
            // And what was there before.
            let kept = bare.variables.filter { ["HOME", "PATH", "BERTH_SOCKET", "BERTH_DATABASE"].contains($0.key) }
            #expect(kept.count == 4)
            expected.merge(kept) { one, _ in one }
            #expect(bare.variables == expected)
        }
    }

    @Test func `has every port of a block`() throws {
        try withDaemon { daemon in
            let outcome = try daemon.commands.finish(["run", "bob", "-n", "3", "--", "env"])
            let first = try #require(try daemon.leases(of: "bob").first?["first_port"].int)
            for (name, port) in [("PORT", 0), ("PORT_1", 0), ("PORT_2", 1), ("PORT_3", 2), ("USER_PORT_3", 2)] {
                #expect(outcome.variables[name] == "\(first + port)", "\(name)")
            }
            #expect(outcome.variables["BERTH_PORTS"] == "\(first) \(first + 1) \(first + 2)")
            #expect(outcome.variables["PORT_4"] == nil)
        }
    }

    @Test func `replaces what was there under these names, and keeps what is no UTF-8`() throws {
        try withDaemon { daemon in
            var commands = daemon.commands
            commands.environment["PORT"] = "1"
            let outcome = try commands.finish(["run", "bob", "--", "sh", "-c", "env | grep -c '^PORT='; echo $PORT"])
            #expect(outcome.words == ["1", "\(try daemon.leases(of: "bob")[0]["first_port"].int ?? 0)"])
            let script =
                "X=$(printf 'a\\377b') exec \"$0\" run bob -- sh -c 'printf %s \"$X$1\" | od -An -tx1' x \"$(printf '\\376')\""
            let raw = try ChildProcess(
                ["/bin/sh", "-c", script, try BinaryUnderTest.path()],
                environment: [
                    "BERTH_SOCKET": daemon.socketPath, "HOME": daemon.folder.path, "PATH": "/usr/bin:/bin",
                ], log: daemon.folder.file("raw"))
            #expect(try raw.wait(within: 20) == .exited(0))
            #expect(raw.output.split(separator: " ").map { $0.filter(\.isHexDigit) } == ["61", "ff", "62", "fe"])
        }
    }

    @Test func `comes with the ports in the arguments`() throws {
        try withDaemon { daemon in
            let outcome = try daemon.commands.finish([
                "run", "bob", "-n", "2", "--", "printf", "%s\n", "{port}", "x={port:2},{port:1}", "${port}", "{port:x}",
            ])
            let first = try #require(try daemon.leases(of: "bob").first?["first_port"].int)
            #expect(outcome.words == ["\(first)", "x=\(first + 1),\(first)", "${port}", "{port:x}"])
        }
    }

    @Test(
        arguments: [
            ["run", "bob", "--", "echo", "{port:2}"], ["run", "bob", "-n", "2", "--", "echo", "{port:0}"],
            ["run", "bob", "--", "echo", "{port:99999999999999999999}"], ["run", "bob"], ["run", "bob", "--"],
            ["run", "bob", "echo", "hi"], ["run", "bob", "eve", "--", "echo"], ["run", "", "--", "echo"],
            ["run", "bob", "-n", "x", "--", "echo"], ["run", "--wait", "--", "echo"],
        ])
    func `is not made when the command line is wrong`(arguments: [String]) throws {
        try withDaemon { daemon in
            let outcome = try daemon.commands.finish(arguments)
            #expect(outcome.end == .exited(64), "\(outcome)")
            #expect(outcome.output == "")
            #expect(try daemon.call("GET", "/v1/leases?state=all").json["leases"].items.isEmpty)
        }
    }

    @Test func `leaves the command's own options to the command`() throws {
        try withDaemon { daemon in
            let outcome = try daemon.commands.finish(["run", "--", "echo", "-n", "2", "--", "--hold", "--help"])
            #expect(outcome.output == "2 -- --hold --help")
        }
    }
}
