internal import CBerthLinux
internal import Glibc

/// What this process was started with, byte for byte: neither arguments nor environments need be UTF-8.
package enum OwnProcess {
    /// The arguments after the first `--`; empty when there is none.
    package static var argumentsAfterTerminator: [[UInt8]] {
        let all = (0..<Int(CommandLine.argc)).compactMap { CommandLine.unsafeArgv[$0].map(bytes) }
        guard let terminator = all.firstIndex(of: Array("--".utf8)) else { return [] }
        return Array(all[(terminator + 1)...])
    }

    /// The environment as `NAME=value`, with these variables in place of its own of the same names.
    package static func environment(replacing variables: [(name: String, value: String)]) -> [[UInt8]] {
        let prefixes = variables.map { Array("\($0.name)=".utf8) }
        var kept: [[UInt8]] = []
        var entry = berth_environment()
        while let place = entry, let text = place.pointee {
            let variable = bytes(text)
            if !prefixes.contains(where: variable.starts) { kept.append(variable) }
            entry = place + 1
        }
        return kept + variables.map { Array("\($0.name)=\($0.value)".utf8) }
    }

    /// The descriptors above the standard streams that a program which this process becomes or starts would have too.
    /// Those we were started with are among them, and those that some library opened without close-on-exec.
    package static func inheritableDescriptors() throws(SystemError) -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { throw SystemError("opendir(3) of /proc/self/fd", errno) }
        defer { closedir(folder) }
        var descriptors: [Int32] = []
        while let entry = readdir(folder) {
            // Neither `.` nor `..` begins with a digit.
            let number = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 1) { $0.pointee < 0x30 ? -1 : Int32(atoi($0)) }
            }
            guard number > 2 else { continue }
            let flags = fcntl(number, F_GETFD)
            if flags >= 0, flags & FD_CLOEXEC == 0 { descriptors.append(number) }
        }
        return descriptors.sorted()
    }

    private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
        (0..<strlen(text)).map { UInt8(bitPattern: text[$0]) }
    }
}
