import Glibc
import Synchronization

/// Kills what tests started and removes their folders when the test process itself is killed.
///
/// It is a shell that reads from a pipe which only the test process holds: the pipe's end is that process's end,
/// however it came about.
final class Warden: Sendable {
    static let shared = Warden()

    private static let script = """
        trap '' INT TERM HUP
        groups=' '
        folders=
        while read -r verb what; do
          case $verb in
            watch) groups="$groups$what " ;;
            drop) case $groups in *" $what "*) groups="${groups%%" $what "*} ${groups#*" $what "}" ;; esac ;;
            folder) folders="$folders $what" ;;
          esac
        done
        for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
        rm -rf $folders
        """

    /// The pipe's end to write to; -1 when there is no warden.
    private let pipe: Mutex<Int32>

    private init() {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
            pipe = Mutex(-1)
            return
        }
        let child = try? Spawn.start(
            ["/bin/sh", "-c", Self.script], environment: [:], input: ends[0], output: "/dev/null", errors: "/dev/null")
        close(ends[0])
        pipe = Mutex(child == nil ? -1 : ends[1])
    }

    /// - Throws: when the warden is not there: then nothing may be started either.
    func tell(_ line: String) throws {
        try pipe.withLock { pipe in
            let bytes = Array((line + "\n").utf8)
            guard write(pipe, bytes, bytes.count) == bytes.count else { throw HarnessError.system("warden") }
        }
    }
}
