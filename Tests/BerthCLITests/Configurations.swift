import BerthCommandLine
import BerthCore

/// Lays a configuration together from what a test gives; nothing of the real environment or disk gets in.
enum Configurations {
    static func load(
        _ flags: ServeFlags = ServeFlags(), environment: [String: String] = [:], files: [String: String] = [:]
    ) throws -> ServeConfiguration {
        let environment = environment.merging(["HOME": "/home/u"]) { given, _ in given }
        return try ServeConfiguration.load(flags, environment: environment) { files[$0] }
    }

    /// A configuration of this one file.
    static func load(yaml: String) throws -> ServeConfiguration {
        try load(environment: ["BERTH_CONFIG": "/b.yaml"], files: ["/b.yaml": yaml])
    }

    static func flags(_ change: (inout ServeFlags) -> Void) -> ServeFlags {
        var flags = ServeFlags()
        change(&flags)
        return flags
    }

    /// The message of the configuration error that `body` throws; nil when it throws none, or another error.
    static func complaint(_ body: () throws -> ServeConfiguration) -> String? {
        do {
            _ = try body()
            return nil
        } catch let error as BerthError {
            return error.code == .configuration ? error.message : nil
        } catch {
            return nil
        }
    }
}
