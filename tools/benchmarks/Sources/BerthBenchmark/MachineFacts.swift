import Glibc

/// What the figures depend on beside Berth, read from the kernel.
package enum MachineFacts {
    /// Names and values, those that are known.
    package static func current() -> [(name: String, value: String)] {
        var facts: [(name: String, value: String)] = []
        var system = utsname()
        if uname(&system) == 0 {
            facts.append(("Kernel", "\(text(system.sysname)) \(text(system.release)) \(text(system.machine))"))
        }
        facts.append(("Cores", "\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))"))
        if let model = processorModel() { facts.append(("Processor", model)) }
        return facts
    }

    /// The characters before the NUL in one of the arrays of `utsname`.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// `model name` of the first processor (proc_cpuinfo(5)); other architectures than x86 do not have it.
    private static func processorModel() -> String? {
        let file = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("model name") }) else { return nil }
        return line.split(separator: ":", maxSplits: 1).last.map { String($0.drop { $0 == " " }) }
    }
}
