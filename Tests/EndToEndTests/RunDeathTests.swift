import Glibc
import Testing

@Suite struct `The processes of berth run` {
    @Test func `are its lease's owner and agent, and the command is the very process that was attached`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "-n", "2", "--", "sleep", "600"])
            let lease = try daemon.runningLease(of: "bob")
            #expect(lease["owner"]["pid"].int == Int(child.id) && lease["owner"]["alive"] == true)
            #expect(lease["expires_at"] == .null)
            #expect(lease["agents"].items.count == 1)
            let agent = lease["agents"][0]
            #expect(agent["name"] == "command" && agent["port"] == lease["first_port"])
            let command = try #require(agent["pid"].int)
            let becomesCommand = becomesTrue { ProcessLook.command(command) == ["sleep", "600"] }
            #expect(becomesCommand, "\(ProcessLook.command(command))")
            #expect(ProcessLook.parent(command) == Int(child.id))
            // Still the same by its start time, after it has become the command.
            #expect(try daemon.shown(lease)["agents"][0]["state"] == "running")
            child.signal(SIGTERM)
            _ = try child.wait(within: 20)
            #expect(try daemon.shown(lease)["state"] == "released")
        }
    }

    @Test func `hold the lease until the last of them is gone`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "--", "sleep", "600"])
            let lease = try daemon.runningLease(of: "bob")
            let (port, command) = (try #require(lease["first_port"].int), try #require(lease["agents"][0]["pid"].int))
            child.signal(SIGKILL)
            #expect(try child.wait(within: 20) == .signalled(SIGKILL))
            #expect(try becomesTrue { try daemon.shown(lease)["owner"]["alive"] == false })
            // A sweep by hand finds nothing to take either, and nobody gets the port.
            let decisions = try daemon.call("POST", "/v1/reap").json["decisions"].items
            #expect(decisions.allSatisfy { $0["action"] == "keep" }, "\(decisions)")
            #expect(try daemon.shown(lease)["state"] == "active")
            #expect(try daemon.portState(port) == "leased")
            #expect(try daemon.lease("eve", 1, ["first_port": .integer(port)]).status == 409)
            #expect(ProcessLook.isAlive(command))
            kill(pid_t(command), SIGKILL)
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "orphaned" })
            #expect(try becomesTrue { try daemon.portState(port) == "free" })
        }
    }

    @Test func `keep their lease's name from a second run, until they are dead`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "--name", "web", "--", "sleep", "600"])
            let lease = try daemon.runningLease(of: "bob")
            let second = try daemon.commands.script("echo $PORT", ["bob", "--name", "web"])
            #expect(second.end == .exited(65) && second.output == "")
            #expect(second.errors.contains("\(lease["id"].int ?? 0)"), "\(second.errors)")
            child.kill()
            // Its ports rest, but not for the one who comes back.
            let third = try daemon.commands.script("echo $PORT", ["bob", "--name", "web"])
            #expect(third.end == .exited(0) && third.words == ["\(lease["first_port"].int ?? 0)"], "\(third.errors)")
        }
    }

    @Test func `may be killed at once`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "--", "sleep", "600"])
            let lease = try daemon.runningLease(of: "bob")
            child.kill()
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "orphaned" })
        }
    }

    @Test func `end in order when the command is killed`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "--", "sleep", "600"])
            let lease = try daemon.runningLease(of: "bob")
            kill(pid_t(try #require(lease["agents"][0]["pid"].int)), SIGKILL)
            #expect(try child.wait(within: 20) == .exited(137))
            #expect(try daemon.shown(lease)["state"] == "released")
            #expect(try daemon.portState(try #require(lease["first_port"].int)) == "free")
        }
    }

    @Test func `leave a port to a server that outlives them`() throws {
        try withDaemon { daemon in
            // The command starts a server in the background, waits until it listens, and ends.
            let server = """
                import os, signal, socket, sys
                listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
                open(sys.argv[1], "w").close()
                signal.pause()
                """
            let file = daemon.folder.file("listens")
            let script = "python3 -c \"$1\" \"$0\" & while ! test -e \"$0\"; do sleep 0.01; done"
            let child = try daemon.commands.start(["run", "bob", "--", "sh", "-c", script, file, server])
            #expect(try child.wait(within: 30) == .exited(0), "\(child.errors)")
            let lease = try #require(try daemon.leases(of: "bob").first)
            let port = try #require(lease["first_port"].int)
            #expect(lease["state"] == "released")
            #expect(try daemon.commands.script("echo $PORT", ["bob"]).words != ["\(port)"])
            expectProblem(try daemon.lease("eve", 1, ["first_port": .integer(port)]), 409, "port-unavailable")
            child.kill()
            #expect(try becomesTrue { try daemon.portState(port) == "free" })
        }
    }

    @Test func `outlive their daemon, and end their lease at the next one`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "--", "sleep", "600"])
            let lease = try daemon.runningLease(of: "bob")
            let command = try #require(lease["agents"][0]["pid"].int)
            // Before that it may still wait for the daemon's word.
            #expect(becomesTrue { ProcessLook.command(command) == ["sleep", "600"] })
            try daemon.restart()
            #expect(try daemon.shown(lease)["state"] == "active")
            child.signal(SIGTERM)
            #expect(try child.wait(within: 20) == .exited(143))
            #expect(try daemon.shown(lease)["state"] == "released")
        }
    }
}
