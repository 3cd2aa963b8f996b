internal import Glibc

/// Executes programs as execvp(3) finds them, but for one thing: a file that is no program is refused, where execvp(3)
/// would hand it to a shell.
struct ProgramSearch {
    private let folders: [Substring]

    /// - Parameter path: folders between colons, as in `PATH`.
    init(path: String) { folders = path.split(separator: ":", omittingEmptySubsequences: false) }

    /// - Returns: only when nothing was executed: the errno that says why.
    func execute(_ program: String, _ arguments: CStrings, _ environment: CStrings) -> Int32 {
        if program.contains("/") || program.isEmpty { return tryFile(program, arguments, environment) }
        var answer = ENOENT
        for folder in folders {
            // An empty entry of PATH is the working directory.
            let failure = tryFile(folder.isEmpty ? "./\(program)" : "\(folder)/\(program)", arguments, environment)
            switch failure {
            case ENOENT, ENOTDIR, ESTALE, ENODEV, ETIMEDOUT: continue
            // Another folder may have one that may be executed.
            case EACCES: answer = EACCES
            default: return failure
            }
        }
        return answer
    }

    private func tryFile(_ path: String, _ arguments: CStrings, _ environment: CStrings) -> Int32 {
        arguments.withPointer { argv in
            environment.withPointer { envp in
                execve(path, argv, envp)
                return errno
            }
        }
    }
}
