import Glibc
import Testing

@Suite struct `Signals to berth run` {
    /// Says `ready`, then `got N` for each signal N that comes. SIGTERM ends it with code 7 unless it is what is tested.
    private static let listener = """
        import os, signal, sys
        wanted = int(sys.argv[1])
        def say(text): os.write(1, text.encode() + b"\\n")
        def end(number, frame): say("end"); sys.exit(7)
        signal.signal(signal.SIGUSR2 if wanted != signal.SIGUSR2 else signal.SIGUSR1, end)
        signal.signal(wanted, lambda number, frame: say("got %d" % number))
        say("ready")
        while True: signal.pause()
        """

    private func listener(_ number: Int32) -> [String] {
        ["run", "bob", "--", "python3", "-c", Self.listener, "\(number)"]
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM])
    func `reach the command once each`(number: Int32) throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(listener(number))
            var expected = "ready\n"
            for _ in 0..<3 {
                let isThere = becomesTrue { child.output == expected }
                #expect(isThere, "\(child.output) \(child.errors)")
                child.signal(number)
                expected += "got \(number)\n"
            }
            #expect(becomesTrue { child.output == expected })
            child.signal(number == SIGUSR2 ? SIGUSR1 : SIGUSR2)
            #expect(try child.wait(within: 20) == .exited(7))
            #expect(child.output == expected + "end\n")
        }
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1])
    func `end a command that does not care, and the code tells`(number: Int32) throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "--", "sleep", "600"])
            _ = try daemon.runningLease(of: "bob")
            // It is `sleep` by now, or becomes it with the signal already pending: either way it dies of it.
            child.signal(number)
            #expect(try child.wait(within: 20) == .exited(128 + number))
            #expect(child.errors == "")
            #expect(try daemon.leases(of: "bob").map { $0["state"] } == ["released"])
        }
    }

    @Test func `are no crash of berth's, whatever the runtime thinks of SIGQUIT`() throws {
        try withDaemon { daemon in
            let end = try daemon.stop(SIGQUIT)
            #expect(end == .signalled(SIGQUIT))
            #expect(!daemon.log.contains("crashed") && !daemon.log.contains("Thread"), "\(daemon.log.prefix(400))")
        }
    }

    @Test func `that are ignored stay so`() throws {
        try withDaemon { daemon in
            let nohup = "trap '' HUP; exec \"$0\" \"$@\""
            let program = """
                import signal
                print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, signal.getsignal(signal.SIGTERM), flush=True)
                signal.pause()
                """
            let child = try daemon.commands.start(
                ["run", "bob", "--", "python3", "-c", program], wrapper: ["/bin/sh", "-c", nohup])
            #expect(becomesTrue { child.output.hasSuffix("\n") })
            #expect(child.output == "True Handlers.SIG_DFL\n" || child.output == "True 0\n", "\(child.output)")
            child.signal(SIGHUP)
            child.signal(SIGTERM)
            #expect(try child.wait(within: 20) == .exited(128 + SIGTERM))
        }
    }

    @Test func `stop and continue the command`() throws {
        try withDaemon { daemon in
            let child = try daemon.commands.start(["run", "bob", "--", "sleep", "600"])
            let lease = try daemon.runningLease(of: "bob")
            let command = try #require(lease["agents"][0]["pid"].int)
            let isSleep = becomesTrue { TemporaryFolder.text("/proc/\(command)/comm") == "sleep\n" }
            #expect(isSleep)
            child.signal(SIGTSTP)
            #expect(becomesTrue { ProcessLook.state(command) == "T" })
            child.signal(SIGCONT)
            #expect(becomesTrue { ProcessLook.state(command) == "S" })
            #expect(try daemon.shown(lease)["state"] == "active")
            child.signal(SIGTERM)
            #expect(try child.wait(within: 20) == .exited(143))
        }
    }

    @Test func `from a terminal reach the command once`() throws {
        try withDaemon { daemon in
            // Ctrl-C and Ctrl-\; the last signal comes by berth run, and behind whatever it passed on before.
            for (key, number) in [(3, SIGINT), (28, SIGQUIT)] {
                let steps = "await ready; keys \(key); await got \(number); signal \(SIGUSR2)"
                let outcome = try daemon.commands.finishOnTerminal(listener(number), steps: steps)
                let lines = outcome.output.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("Ports") }
                #expect(lines.last == "code 7", "\(outcome)")
                #expect(lines.filter { $0.hasSuffix("got \(number)") }.count == 1, "\(outcome.output)")
            }
        }
    }

    @Test func `of a terminal that hangs up reach the command once`() throws {
        try withDaemon { daemon in
            let file = daemon.folder.file("hung-up")
            let program = """
                import os, signal, sys
                def note(number, frame): os.write(file, b"%d\\n" % number)
                file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                signal.signal(signal.SIGHUP, note)
                signal.signal(signal.SIGUSR2, lambda number, frame: os._exit(7))
                print("ready", flush=True)
                while True: signal.pause()
                """
            let child = try daemon.commands.startOnTerminal(
                ["run", "bob", "--", "python3", "-c", program, file], steps: "await ready; close")
            #expect(becomesTrue { TemporaryFolder.text(file) == "1\n" })
            let owner = try #require(try daemon.runningLease(of: "bob")["owner"]["pid"].int)
            kill(pid_t(owner), SIGUSR2)
            #expect(try child.wait(within: 20) == .exited(0))
            #expect(child.output.hasSuffix("code 7\n"))
            #expect(TemporaryFolder.text(file) == "1\n")
        }
    }
}
