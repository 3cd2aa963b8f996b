/// Commands on a terminal of their own.
extension RunCommand {
    /// Runs what follows on a terminal, as the foreground job of its session, and does meanwhile what the steps say, which
    /// semicolons part: `await TEXT` reads until that is shown, `keys N` types the character of that number, `signal N`
    /// signals the command, `close` takes the terminal away. What the terminal shows comes out, at the end `code N`.
    private static let terminal = """
        import os, pty, select, signal, sys
        script, command = sys.argv[1], sys.argv[2:]
        pid, terminal = pty.fork()
        if pid == 0: os.execv(command[0], command)
        shown = b""
        for step in script.split(";"):
            verb, _, what = step.strip().partition(" ")
            if verb == "await":
                while what.encode() not in shown:
                    more = os.read(terminal, 4096)
                    os.write(1, more)
                    shown += more
            elif verb == "keys": os.write(terminal, bytes([int(what)]))
            elif verb == "signal": os.kill(pid, int(what))
            elif verb == "close": os.close(terminal)
        try:
            while True:
                more = os.read(terminal, 4096)
                if not more: break
                os.write(1, more)
        except OSError: pass
        _, status = os.waitpid(pid, 0)
        print("code", os.waitstatus_to_exitcode(status))
        """

    /// Starts `berth` with these arguments on a terminal.
    func startOnTerminal(_ arguments: [String], steps: String) throws -> ChildProcess {
        try start(arguments, wrapper: ["python3", "-c", Self.terminal, steps])
    }

    /// Runs `berth` on a terminal to its end.
    func finishOnTerminal(
        _ arguments: [String], steps: String, within seconds: Double = 60
    ) throws -> Outcome {
        let child = try startOnTerminal(arguments, steps: steps)
        let end = try child.wait(within: seconds)
        return Outcome(end: end, output: child.output, errors: child.errors)
    }
}
