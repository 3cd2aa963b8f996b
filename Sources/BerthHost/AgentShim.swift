internal import CBerthLinux
internal import Glibc

/// The first life of an agent: this program once more, which waits for its word and then becomes the agent's program. So
/// its PID and start time are the agent's own, and are known before anything is executed.
///
/// It runs before the command line is parsed, in a session of its own and with an empty environment. It blocks, and starts
/// no thread.
package enum AgentShim {
    /// The first argument, which tells the shim from every other command. Not for people: no help names it.
    package static let verb = "run-agent"
    /// The byte that says go. An end without it means that the daemon has died or thinks otherwise.
    static let word = UInt8(ascii: "g")
    /// The variable by which descendants of an agent are known although they left its session: its PID and start time.
    static let marker = "BERTH_AGENT_PROCESS"

    /// Whether this process was started as a shim.
    package static var isWanted: Bool {
        CommandLine.argc == 5 && CommandLine.unsafeArgv[1].map { strcmp($0, verb) == 0 } == true
    }

    /// The value of ``marker``.
    static func mark(pid: Int32, startTicks: UInt64) -> String { "\(pid).\(startTicks)" }

    /// The command line that starts a shim with these descriptors.
    static func arguments(order: Int32, go: Int32, report: Int32) -> [[UInt8]] {
        ["berth", verb, "\(order)", "\(go)", "\(report)"].map { Array($0.utf8) }
    }

    /// Why the program could not be executed, in words.
    private struct Refusal: Error {
        let words: String
    }

    /// Waits, and becomes the agent's program; or tells why not and ends.
    package static func run() -> Never {
        let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int32($0) }
        guard numbers.count == 3 else { CommandShim.leave(reporting: "", to: -1, code: 64) }
        let (file, go, report) = (numbers[0], numbers[1], numbers[2])
        do {
            try CommandShim.closeOthers(keeping: [file, go, report])
            // It closes when the program is executed, which is how that is told.
            guard fcntl(report, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError("fcntl(2)", errno) }
            let order = AgentShimOrder(try contents(of: file))
            close(file)
            guard let order else { throw Refusal(words: "The shim cannot read its order.") }
            guard hearsWord(on: go) else { CommandShim.leave(reporting: "", to: -1, code: 0) }
            close(go)
            throw try execute(order)
        } catch let refusal as Refusal {
            CommandShim.leave(reporting: refusal.words, to: report, code: 127)
        } catch {
            CommandShim.leave(reporting: "The process could not be made ready: \(error).", to: report, code: 127)
        }
    }

    private static func contents(of file: Int32) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            // Its place is shared with the daemon, whose writing has moved it.
            let length = pread(file, &chunk, chunk.count, off_t(bytes.count))
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { throw SystemError("pread(2)", errno) }
            guard length > 0 else { return bytes }
            bytes += chunk[..<length]
        }
    }

    private static func hearsWord(on go: Int32) -> Bool {
        var byte: UInt8 = 0
        while true {
            let length = read(go, &byte, 1)
            if length < 0, errno == EINTR { continue }
            return length == 1 && byte == word
        }
    }

    /// - Returns: why the program could not be executed; nothing when it was.
    private static func execute(_ order: AgentShimOrder) throws -> Refusal {
        let account = try account(for: order.user)
        resetLimits(order)
        if let account, order.user != nil, account.uid != geteuid() { try account.become() }
        // A daemon that isn't root may have been given capabilities for its programs, which agents have no use for.
        _ = berth_clear_ambient_capabilities()
        umask(0o022)
        guard chdir(order.workingDirectory) == 0 else {
            return Refusal(words: "The working directory \(order.workingDirectory): \(CommandShim.words(errno)).")
        }
        let environment = try environment(order, account)
        let program = order.arguments[0]
        let failure = ProgramSearch(path: order.path).execute(
            program, CStrings(order.arguments.map { Array($0.utf8) }),
            CStrings(environment.map { Array($0.utf8) }))
        return Refusal(words: "\(program): \(CommandShim.words(failure)).")
    }

    private static func account(for user: String?) throws -> UserAccount? {
        guard let user else { return try UserAccount.numbered(geteuid()) }
        guard let account = try UserAccount.named(user) else { throw Refusal(words: "There is no user \(user).") }
        guard geteuid() == 0 || account.uid == geteuid() else {
            throw Refusal(words: "Only a daemon that runs as root may start processes as \(user).")
        }
        return account
    }

    /// What the daemon has for itself and its programs need not: many descriptors, and shelter from the killer of
    /// processes when memory runs out (`oom_score_adj` of proc_pid_oom_score_adj(5)).
    private static func resetLimits(_ order: AgentShimOrder) {
        var limits = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        if let limit = order.descriptorLimit, getrlimit(kind, &limits) == 0 {
            limits.rlim_cur = min(rlim_t(limit), limits.rlim_max)
            setrlimit(kind, &limits)
        }
        let place = "/proc/self/oom_score_adj"
        guard let score = try? ProcFile.text(place), let number = Int(score), number < 0 else { return }
        let file = open(place, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "0", 1)
        close(file)
    }

    private static func environment(_ order: AgentShimOrder, _ account: UserAccount?) throws -> [String] {
        var all = order.environment
        let named = Set(all.compactMap { $0.split(separator: "=", maxSplits: 1).first.map(String.init) })
        let home = account?.home ?? "/"
        let personal = [
            ("HOME", home.isEmpty ? "/" : home), ("USER", account?.name), ("LOGNAME", account?.name),
            ("SHELL", account?.shell),
        ]
        for case (let name, let value?) in personal where !value.isEmpty && !named.contains(name) {
            all.append("\(name)=\(value)")
        }
        guard let stat = ProcessStat(try ProcFile.bytes("/proc/self/stat")) else {
            throw Refusal(words: "/proc/self/stat cannot be read.")
        }
        all.append("\(marker)=\(mark(pid: getpid(), startTicks: stat.startTicks))")
        return all
    }
}

extension AgentShimOrder {
    /// Where programs are looked for.
    var path: String {
        let variable = environment.last { $0.hasPrefix("PATH=") }
        return variable.map { String($0.dropFirst(5)) } ?? ""
    }
}
