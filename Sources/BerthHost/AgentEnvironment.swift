internal import CBerthLinux
internal import Glibc

/// What an agent's environment has of the daemon's: where programs are, the language and the time zone. Everything else
/// that the daemon was started with, secrets among it, stays with it.
struct AgentEnvironment: Sendable {
    private static let names: Set<String> = ["PATH", "LANG", "LANGUAGE", "TZ"]
    private static let standardPath = "/usr/local/bin:/usr/bin:/bin"

    private let inherited: [String: String]

    /// - Parameter own: the daemon's environment.
    init(own: [String: String]) {
        var inherited = own.filter { Self.names.contains($0.key) || $0.key.hasPrefix("LC_") }
        if inherited["PATH", default: ""].isEmpty { inherited["PATH"] = Self.standardPath }
        self.inherited = inherited
    }

    /// As `NAME=value`, in the order of the names.
    func with(_ variables: [String: String]) -> [String] {
        inherited.merging(variables) { _, chosen in chosen }
            .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
}

extension OwnProcess {
    /// The environment by names. Bytes that are no UTF-8 become U+FFFD.
    package static var variables: [String: String] {
        let entries = environment(replacing: []).map { String(decoding: $0, as: UTF8.self) }
        let pairs = entries.compactMap { entry in
            entry.firstIndex(of: "=").map { (String(entry[..<$0]), String(entry[entry.index(after: $0)...])) }
        }
        // Of two by one name, getenv(3) takes the first.
        return Dictionary(pairs) { first, _ in first }
    }
}
