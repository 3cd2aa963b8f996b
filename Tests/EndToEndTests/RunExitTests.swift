import Glibc
import Testing

@Suite struct `The exit code of berth run` {
    @Test(
        arguments: [(0, "exit 0"), (7, "exit 7"), (255, "exit 255"), (137, "kill -9 $$"), (143, "kill -15 $$")]
            as [(Int32, String)])
    func `is the command's, or 128 and its signal`(code: Int32, script: String) throws {
        try withDaemon { daemon in
            let end = try daemon.commands.script(script, ["bob"]).end
            #expect(end == .exited(code))
            let states = try daemon.leases(of: "bob").map { $0["state"] }
            #expect(states == ["released"])
        }
    }

    @Test func `tells a command that is not there from one that cannot be executed`() throws {
        try withDaemon { daemon in
            let file = daemon.folder.file("notes")
            try TemporaryFolder.write(Array("x".utf8), to: file)
            let missing = try daemon.commands.finish(["run", "bob", "--", "no-such-command"])
            #expect(missing.end == .exited(127) && missing.errors.contains("no-such-command"))
            #expect(try daemon.commands.finish(["run", "bob", "--", "\(file).x"]).end == .exited(127))
            let forbidden = try daemon.commands.finish(["run", "bob", "--", file])
            #expect(forbidden.end == .exited(126) && forbidden.errors.contains(file))
            #expect(try daemon.commands.finish(["run", "bob", "--hold", "--", daemon.folder.path]).end == .exited(126))
            #expect(
                try daemon.leases(of: "bob").map { $0["state"] } == ["released", "released", "released", "released"])
        }
    }

    @Test func `is 65 for what the API refuses, and 75 for a pool without room`() throws {
        try withDaemon { daemon in
            #expect(try daemon.commands.script("exit 0", ["a b"]).end == .exited(65))
            #expect(try daemon.commands.script("exit 0", ["bob", "-n", "61"]).end == .exited(65))
            #expect(try daemon.commands.script("exit 0", ["bob", "--pool", "none"]).end == .exited(65))
            let port = try #require(try daemon.granted("alice", 1)["first_port"].int)
            #expect(try daemon.commands.script("exit 0", ["bob", "--first-port", "\(port)"]).end == .exited(65))
            try daemon.granted("alice", 30)
            let full = try daemon.commands.script("exit 0", ["bob", "-n", "40"])
            #expect(full.end == .exited(75) && full.output == "")
        }
    }

    @Test func `says nothing on standard output but what the command says`() throws {
        try withDaemon { daemon in
            let outcome = try daemon.commands.script("echo out; echo err >&2", ["bob"])
            #expect(outcome.output == "out\n" && outcome.errors == "err\n")
        }
    }

    @Test func `is not bent by signals that berth itself blocks or ignores`() throws {
        try withDaemon { daemon in
            // The mask and SIGPIPE (bit 12) are as they were; glibc's own 32 and 33 are posix_spawn's business.
            let outcome = try daemon.commands.finish([
                "run", "bob", "--", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status",
            ])
            #expect(outcome.words.count == 4 && outcome.words[1] == "0000000000000000", "\(outcome.output)")
            #expect(outcome.words.last?.hasSuffix("00000000") == true || outcome.words.last == "0000000180000000")
        }
    }
}
