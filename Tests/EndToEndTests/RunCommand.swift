import Glibc
import Synchronization

/// `berth run` and its like, as a test calls them.
struct RunCommand {
    /// What a call that has ended left.
    struct Outcome {
        let end: ChildProcess.End
        let output: String
        let errors: String

        /// The words of the output.
        var words: [String] { output.split(whereSeparator: \.isWhitespace).map(String.init) }
        /// `NAME=value` lines of the output.
        var variables: [String: String] {
            let pairs = output.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
            return Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
        }
    }

    /// Where the logs go, and what HOME is.
    let folder: TemporaryFolder
    /// Added to HOME and PATH; nothing of the test's own environment reaches the command.
    var environment: [String: String]

    /// Starts `berth` with these arguments, in a folder when one is named.
    func start(_ arguments: [String], in directory: String? = nil, wrapper: [String] = []) throws -> ChildProcess {
        let number = RunCommand.next()
        var all = environment
        all["HOME"] = folder.path
        all["PATH"] = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        var command = wrapper + [try BinaryUnderTest.path()] + arguments
        if let directory { command = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory] + command }
        return try ChildProcess(command, environment: all, log: folder.file("run-\(number)"))
    }

    /// Runs `berth` to its end; with a umask when one is given, set in the process alone, since tests run side by side.
    func finish(
        _ arguments: [String], in directory: String? = nil, umask: String? = nil, within seconds: Double = 30
    ) throws -> Outcome {
        let wrapper = umask.map { ["/bin/sh", "-c", "umask \($0) && exec \"$@\"", "sh"] } ?? []
        let child = try start(arguments, in: directory, wrapper: wrapper)
        let end = try child.wait(within: seconds)
        return Outcome(end: end, output: child.output, errors: child.errors)
    }

    /// `berth run … -- sh -c SCRIPT`, to its end.
    func script(_ script: String, _ arguments: [String] = []) throws -> Outcome {
        try finish(["run"] + arguments + ["--", "sh", "-c", script])
    }

    private static let calls = Atomic<Int>(0)
    private static func next() -> Int { calls.add(1, ordering: .relaxed).newValue }
}

extension Daemon {
    /// Commands that speak to this daemon, or without it open its database.
    var commands: RunCommand {
        RunCommand(folder: folder, environment: ["BERTH_SOCKET": socketPath, "BERTH_DATABASE": database])
    }

    /// The leases of a session, ended ones too, ascending by id.
    func leases(of session: String) throws -> [JSON] {
        try call("GET", "/v1/leases?state=all&session=\(session.percentEncoded)").json["leases"].items
    }

    /// The only active lease of a session, once it is there and its command is attached.
    func runningLease(of session: String) throws -> JSON {
        let found: JSON? = try eventually {
            try call("GET", "/v1/leases?session=\(session)").json["leases"].items.first {
                $0["agents"][0]["state"] == "running"
            }
        }
        guard let found else { throw HarnessError("the session \(session) has no lease with a running command") }
        return found
    }
}
