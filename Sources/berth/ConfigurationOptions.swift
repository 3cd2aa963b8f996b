import ArgumentParser
import BerthCommandLine
import BerthCore
import FoundationEssentials

/// Where the database and the configuration are: what every command that opens the database itself needs.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database [BERTH_DATABASE]. Default: ~/.local/state/berth/berth.db, under systemd its state directory.",
            valueName: "path"),
        completion: .file())
    var database: String?

    @Option(
        help: ArgumentHelp(
            "The configuration [BERTH_CONFIG]. Default: ~/.config/berth/berth.yaml where it exists.",
            valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    /// These options alone.
    var flags: ServeFlags {
        var flags = ServeFlags()
        flags.database = database
        flags.config = config
        return flags
    }

    /// The configuration of this process, from its flags, environment and files.
    static func load(_ flags: ServeFlags) throws(BerthError) -> ServeConfiguration {
        try ServeConfiguration.load(
            flags, environment: ProcessInfo.processInfo.environment, readFile: TextFile.read)
    }
}
