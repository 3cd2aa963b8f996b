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

    private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
        (0..<strlen(text)).map { UInt8(bitPattern: text[$0]) }
    }
}
