internal import CBerthLinux

/// Which processes have a socket open (proc_pid_fd(5)).
enum SocketOwners {
    struct Owner: Hashable, Sendable {
        let pid: Int32
        /// `/proc/PID/comm`; nil when the process ended meanwhile.
        let command: String?
    }

    /// The owners of each inode, as far as we may look: other users' processes show theirs to root alone.
    /// At most 256 pairs are found, which a socket that many children inherited may exceed.
    static func find(_ inodes: Set<UInt64>) -> [UInt64: [Owner]] {
        guard !inodes.isEmpty else { return [:] }
        let wanted = Array(inodes)
        let found = [berth_owner](unsafeUninitializedCapacity: 256) { buffer, count in
            let result = berth_socket_owners(wanted, Int32(wanted.count), buffer.baseAddress, Int32(buffer.count))
            count = max(0, Int(result))
        }
        var commands: [Int32: String?] = [:]
        for pid in Set(found.map(\.pid)) { commands[pid] = command(of: pid) }
        return Dictionary(grouping: found, by: \.inode).mapValues { pairs in
            pairs.map { Owner(pid: $0.pid, command: commands[$0.pid] ?? nil) }
        }
    }

    private static func command(of pid: Int32) -> String? {
        do {
            return printable(try ProcFile.text("/proc/\(pid)/comm"))
        } catch {
            return nil
        }
    }

    /// A process names itself (prctl(2), PR_SET_NAME), so control characters could steer the reader's terminal.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}
