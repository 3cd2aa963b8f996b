/// What /proc tells of a process (proc_pid_stat(5)).
enum ProcessLook {
    /// `R`, `S`, `T`, `Z` and so on; nil when there is no such process.
    static func state(_ pid: Int) -> String? { fields(pid).first }

    /// The process that started it, or that it was given to.
    static func parent(_ pid: Int) -> Int? { fields(pid).dropFirst().first.flatMap { Int($0) } }

    static func isAlive(_ pid: Int) -> Bool { state(pid).map { $0 != "Z" } ?? false }

    /// Its arguments.
    static func command(_ pid: Int) -> [String] {
        TemporaryFolder.bytes("/proc/\(pid)/cmdline").split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What its descriptors lead to.
    static func open(_ pid: Int) -> [String] {
        let folder = "/proc/\(pid)/fd"
        let names = (try? TemporaryFolder.names(in: folder)) ?? []
        return names.compactMap { TemporaryFolder.target("\(folder)/\($0)") }
    }

    /// What stands behind the name, which may itself have blanks and parentheses.
    private static func fields(_ pid: Int) -> [String] {
        let text = TemporaryFolder.text("/proc/\(pid)/stat")
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ").map(String.init)
    }
}
