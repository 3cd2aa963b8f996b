import BerthTestSupport
import FoundationEssentials
import Glibc

/// The `sqlite3` shell as an administrator runs it: its own process, with SQLite's defaults (foreign keys and
/// recursive triggers off).
enum SQLiteShell {
    struct Answer {
        let status: Int32
        let output: String
        let errors: String
    }

    struct Failure: Error {
        let call: String
        let number: Int32
    }

    static let program = "/usr/bin/sqlite3"

    /// Runs the statements and dot-commands, each given apart, and stops at the first error.
    static func run(_ commands: String..., on path: String) throws -> Answer {
        let folder = try TemporaryFolder()
        let (output, errors) = (folder.file("out"), folder.file("err"))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT, 0o600)
        let words = [program, "-bail", path] + commands
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, program, &actions, nil, &arguments, environ)
        guard result == 0 else { throw Failure(call: "posix_spawn", number: result) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure(call: "waitpid", number: errno) }
        }
        return Answer(
            status: status >> 8 & 0xFF, output: try text(output), errors: try text(errors))
    }

    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
}
