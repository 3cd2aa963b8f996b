import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import FoundationEssentials

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the database while the daemon serves it, checked from its pages to its audit.",
        discussion: """
            The daemon writes the file, on its own host. To restore one, stop the daemon, put the file in the \
            database's place without the old -wal and -shm beside it, and start the daemon: lease ids go on far beyond \
            those that were given since, leases whose processes are gone end, and free ports rest until they were looked \
            at. Tokens that were revoked since the backup must be revoked again.

              berth backup /var/backups/berth-$(date +%F).db
            """)

    @Argument(help: "A file that is not there yet.", completion: .file())
    var file: String

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if file.isEmpty { throw ValidationError("Name a file.") }
    }

    func run() async throws {
        let path = file.hasPrefix("/") ? file : FileManager.default.currentDirectoryPath + "/" + file
        let backup = try await daemon.connected { try await $0.backUp(to: path) }
        if json.isWanted {
            try Terminal.show(json: backup)
        } else {
            try Terminal.show("\(backup.path)\n")
            Terminal.remark("\(backup.bytes) bytes, up to record \(backup.seq) \(backup.hash)")
        }
    }
}
