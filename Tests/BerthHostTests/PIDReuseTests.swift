import Glibc
import Testing

@Suite(.timeLimit(.minutes(2))) struct `Reuse of a PID` {
    /// The command that makes a PID namespace, where the next PID may be set; nil where this user may make none.
    private static let namespace: [String]? = {
        let asRoot = ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        let asUser = asRoot + ["--user", "--map-root-user"]
        let trial = ["/bin/sh", "-c", "echo 5000 2>/dev/null >/proc/sys/kernel/ns_last_pid"]
        return [asRoot, asUser].first { runs($0 + trial) }
    }()

    private static func runs(_ command: [String]) -> Bool {
        let quiet = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(quiet) }
        guard let child = try? TestChild(command, standard: quiet) else { return false }
        return child.exitStatus() == 0
    }

    private static let why =
        "this user may make no PID namespace, or set no PID in it: unshare(1) and ns_last_pid were tried"

    @Test(.enabled(if: namespace != nil, Comment(rawValue: why)))
    func `for a group of strangers has none of them stopped with an agent that had the number`() throws {
        let process = try TestProcess(runner: try #require(Self.namespace), "reuse-group")
        #expect(
            process.lines() == [
                "while its leader lives: gone", "alive: true true", "without a leader: gone", "alive: false true",
                "group: 7000",
            ])
    }

    @Test(.enabled(if: namespace != nil, Comment(rawValue: why)))
    func `never makes a new process out of an old one`() throws {
        let process = try TestProcess(runner: try #require(Self.namespace), "reuse", "200")
        var counts: [String: Int] = [:]
        let lines = process.lines()
        for line in lines {
            let parts = line.split(separator: "=")
            if parts.count == 2 { counts[String(parts[0])] = Int(parts[1]) }
        }
        #expect(counts["rounds"] == 200, "\(lines)")
        // The start time is shown in ticks of 10 ms, and both starts lie within one in most rounds.
        let inOneTick = try #require(counts["rounds-in-one-tick"])
        #expect(inOneTick > 0)
        #expect(inOneTick <= 180)
        #expect(counts["living-taken-for-dead"] == 0)
        #expect(counts["living-not-watched"] == 0)
        #expect(counts["watch-refused"] == 0)
        #expect(counts["inode-dead-taken-for-living"] == 0)
        #expect(counts["ticks-dead-taken-for-living"] == 0)
        #expect(counts["ends-watched"] == 100)
        #expect(counts["ends-told"] == 100)
        #expect(counts["ends-told-wrongly"] == 0)
        // Without inodes, as before Linux 6.9, nothing tells the two of one tick apart. That is the limit, and all.
        #expect(counts["ticks-indistinguishable"] == inOneTick)
        let hasInodes = counts["rounds-with-inodes"] == 200
        #expect(counts["inode-indistinguishable"] == (hasInodes ? 0 : inOneTick))
    }
}
