import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct AuditHeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Print the last record's number and hash, to be kept elsewhere.",
        discussion: """
            As long as the record of that number has that hash, nothing up to it was changed:
              berth audit head | ssh elsewhere 'cat >> berth-heads'
            """)

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let head = try await daemon.connected { try await $0.auditHead() }
        if json.isWanted {
            try Terminal.show(json: head)
        } else {
            try Terminal.show("\(head.seq) \(head.hash) \(head.at)\n")
        }
    }
}
