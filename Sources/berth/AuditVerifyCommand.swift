import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine

struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify that nobody has changed the history, nor the rows against it.",
        discussion: """
            Exits with 65 when something was changed. What it can't see is a history that was written anew from some \
            record to its end; a head that you keep elsewhere shows that (berth audit head).

            Only what is new since the last time, each hour:
              berth audit verify --new
            """)

    @Flag(name: .customLong("new"), help: "Only the chain, from where the last verification ended.")
    var isNew = false

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func run() async throws {
        let verdict = try await daemon.connected { try await $0.verifyAudit(isNew ? .new : .whole) }
        if json.isWanted {
            try Terminal.show(json: verdict)
        } else if verdict.valid {
            try Terminal.show(verdict.sentence + "\n")
        }
        guard !verdict.valid else { return }
        Terminal.say("berth: \(verdict.sentence)")
        throw ExitCode(65)
    }
}
