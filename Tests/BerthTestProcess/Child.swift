import Glibc

/// A process that sleeps until it is killed.
struct Child {
    let pid: Int32

    /// - Parameter group: the process group that it joins, 0 for one that it leads; nil for ours.
    init(group: Int32? = nil) throws {
        var words: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/sleep"), strdup("600"), nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        if let group {
            posix_spawnattr_setpgroup(&attributes, group)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        }
        let result = posix_spawn(&child, "/bin/sleep", nil, &attributes, &words, environ)
        guard result == 0 else { throw Failure(what: "posix_spawn", number: result) }
        pid = child
    }

    /// One with this PID: the kernel gives the number after the last one that it gave (`ns_last_pid` of
    /// proc_sys_kernel(5)). A thread of our own that starts meanwhile may get it, so it is asked for again then.
    static func forced(_ wanted: Int32, group: Int32? = nil) throws -> Child {
        for _ in 0..<100 {
            let file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY)
            let text = Array("\(wanted - 1)".utf8)
            let length = write(file, text, text.count)
            let number = errno
            close(file)
            guard length == text.count else { throw Failure(what: "ns_last_pid", number: number) }
            let child = try Child(group: group)
            if child.pid == wanted { return child }
            child.end()
        }
        throw Failure(what: "PID \(wanted) was never given", number: EBUSY)
    }

    /// Kills it and takes its exit status, after which its PID is free.
    func end() {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }
}
