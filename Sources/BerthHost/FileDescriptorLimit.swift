internal import CBerthLinux

/// How many files this process may have open (getrlimit(2), RLIMIT_NOFILE).
package enum FileDescriptorLimit {
    /// Raises the soft limit to the hard one and returns it.
    ///
    /// The usual soft limit of 1024 is for programs that call select(2); a server with a connection per agent isn't.
    package static func raise() throws(SystemError) -> UInt64 {
        var limit: UInt64 = 0
        let result = berth_raise_descriptor_limit(&limit)
        guard result >= 0 else { throw SystemError("setrlimit(2)", -result) }
        return limit
    }

    /// The limits of a process (proc_pid_limits(5)), of this one without a PID; nil where they can't be read.
    package static func read(of pid: Int32? = nil) -> (soft: UInt64, hard: UInt64)? {
        do {
            return parse(try ProcFile.text("/proc/\(pid.map { "\($0)" } ?? "self")/limits"))
        } catch {
            return nil
        }
    }

    /// Reads the line `Max open files            1024                 524288               files`.
    static func parse(_ text: String) -> (soft: UInt64, hard: UInt64)? {
        // With its blank: a longer word would be another limit.
        let title = "Max open files "
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(title) }) else { return nil }
        let numbers = line.dropFirst(title.count).split(separator: " ").prefix(2).map { number in
            number == "unlimited" ? UInt64.max : UInt64(number)
        }
        guard numbers.count == 2, let soft = numbers[0], let hard = numbers[1] else { return nil }
        return (soft, hard)
    }
}
