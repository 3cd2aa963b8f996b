import Glibc

/// Starts processes, each in a process group of its own.
enum Spawn {
    /// - Parameters:
    ///   - environment: the whole of it.
    ///   - input: what the process reads; nil for nothing.
    ///   - output, errors: files that are appended to.
    /// - Returns: the process's id, which is its group's too.
    static func start(
        _ command: [String], environment: [String: String], input: Int32? = nil, output: String, errors: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        let append = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 1, output, append, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, append, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        // The runner of the tests may have blocked or ignored signals, which a child would inherit.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process: pid_t = 0
        let program = program(command[0], environment["PATH"] ?? "")
        let result = posix_spawnp(&process, program, &actions, &attributes, &arguments, &variables)
        guard result == 0 else { throw HarnessError.system("start \(command[0])", result) }
        return process
    }

    /// The file of a program by the child's own path. By the runner's, a Python of another place could take its name from the
    /// child's environment and look for its modules where they are not.
    private static func program(_ name: String, _ path: String) -> String {
        guard !name.contains("/") else { return name }
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 } ?? name
    }
}
