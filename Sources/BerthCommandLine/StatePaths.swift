/// Where Berth keeps its files when nobody says otherwise.
///
/// Environment variables that are empty count as unset. Relative paths in `XDG_…` are ignored, as the XDG Base
/// Directory Specification demands.
package enum StatePaths {
    /// The socket of a daemon that systemd runs for the whole host (`RuntimeDirectory=berth`).
    package static let systemSocket = "/run/berth/berth.sock"

    /// The database of `berth serve`: systemd's state directory, else the user's.
    /// - Returns: nil when the environment names neither a state directory nor a home.
    package static func database(_ environment: [String: String]) -> String? {
        firstDirectory("STATE_DIRECTORY", environment).map { "\($0)/berth.db" } ?? ownDatabase(environment)
    }

    /// The database of the user's own daemon, outside systemd.
    package static func ownDatabase(_ environment: [String: String]) -> String? {
        base("XDG_STATE_HOME", ".local/state", environment).map { "\($0)/berth/berth.db" }
    }

    /// The socket of `berth serve`: in systemd's runtime directory, else beside the database.
    package static func socket(besideDatabase database: String, _ environment: [String: String]) -> String {
        firstDirectory("RUNTIME_DIRECTORY", environment).map { "\($0)/berth.sock" }
            ?? sibling("berth.sock", of: database)
    }

    /// The configuration file that is read where it exists.
    package static func configuration(_ environment: [String: String]) -> String? {
        base("XDG_CONFIG_HOME", ".config", environment).map { "\($0)/berth/berth.yaml" }
    }

    /// The path of another file in the folder of `path`.
    package static func sibling(_ name: String, of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }

    private static func base(_ variable: String, _ inHome: String, _ environment: [String: String]) -> String? {
        if let folder = environment[variable], folder.hasPrefix("/") { return trimmed(folder) }
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        return trimmed(home) + "/" + inHome
    }

    /// systemd joins several directories with colons (systemd.exec(5), `RuntimeDirectory=`); the first one is Berth's.
    private static func firstDirectory(_ variable: String, _ environment: [String: String]) -> String? {
        environment[variable]?.split(separator: ":").first.map { trimmed(String($0)) }
    }

    private static func trimmed(_ folder: String) -> String {
        folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    }
}
