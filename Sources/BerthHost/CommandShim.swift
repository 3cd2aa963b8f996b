internal import CBerthLinux
internal import Glibc

/// What a freshly started child does before it becomes the command: everything blocks, nothing starts a thread.
package enum CommandShim {
    /// Keeps a descriptor from the command, and out of the way of its sockets.
    /// - Parameter lowest: the new descriptor's number is at least this.
    /// - Returns: the descriptor's new number.
    package static func setAside(_ descriptor: Int32, lowest: Int32) throws(SystemError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, lowest)
        guard copy >= 0 else { throw SystemError("fcntl(2)", errno) }
        close(descriptor)
        return copy
    }

    /// Closes what the command is not to have: descriptors that some library opened without close-on-exec, and that
    /// were open at the moment of our start.
    /// - Parameter kept: those that stay, beside the standard streams and what closes by itself.
    package static func closeOthers(keeping kept: [Int32]) throws(SystemError) {
        for descriptor in try OwnProcess.inheritableDescriptors() where !kept.contains(descriptor) { close(descriptor) }
    }

    /// What comes through a pipe until its end, which closes ours.
    package static func readAll(_ descriptor: Int32) -> String {
        defer { close(descriptor) }
        var text: [UInt8] = []
        while true {
            var chunk = [UInt8](repeating: 0, count: 512)
            let length = read(descriptor, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { return String(decoding: text, as: UTF8.self) }
            text += chunk[..<length]
        }
    }

    /// Passes sockets on as systemd does: at 3 and up, with their names, for this PID (sd_listen_fds(3)).
    package static func passSockets(_ descriptors: [Int32], names: [String]) throws(SystemError) {
        let first: Int32 = 3
        // Out of each other's way first: one's place may be another's number now.
        var copies: [Int32] = []
        for descriptor in descriptors {
            copies.append(try setAside(descriptor, lowest: first + Int32(descriptors.count)))
        }
        for (offset, copy) in copies.enumerated() {
            guard dup2(copy, first + Int32(offset)) >= 0 else { throw SystemError("dup2(2)", errno) }
        }
        setenv("LISTEN_FDS", String(descriptors.count), 1)
        setenv("LISTEN_FDNAMES", names.joined(separator: ":"), 1)
        setenv("LISTEN_PID", String(getpid()), 1)
    }

    /// Becomes the command that stands after the first `--` of our own arguments; PID and start time stay.
    /// - Returns: only when it can't be executed: the errno of execvp(3).
    package static func executeArguments() -> Int32 {
        for index in 0..<Int(CommandLine.argc) {
            guard let text = CommandLine.unsafeArgv[index], strcmp(text, "--") == 0 else { continue }
            guard let command = CommandLine.unsafeArgv[index + 1] else { return ENOENT }
            execvp(command, CommandLine.unsafeArgv + index + 1)
            return errno
        }
        return ENOENT
    }

    /// Whether this errno of execvp(3) means that there is no such command, which shells exit 127 for.
    package static func isNotFound(_ number: Int32) -> Bool { number == ENOENT }

    /// An errno in words.
    package static func words(_ number: Int32) -> String { String(cString: strerror(number)) }

    /// Writes a report, and ends the process.
    package static func leave(reporting text: String, to descriptor: Int32, code: Int32) -> Never {
        let bytes = Array(text.utf8)
        _ = write(descriptor, bytes, bytes.count)
        _exit(code)
    }
}
