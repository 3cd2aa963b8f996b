import ArgumentParser
import BerthCommandLine

struct Version: ParsableCommand {
    /// What `--json` prints.
    struct Report: Encodable {
        var version: String
    }

    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version.",
        discussion: """
            In a script:
              berth version --json | jq -r .version
            """)

    @OptionGroup var json: JSONOption

    func run() throws {
        if json.isWanted {
            try Terminal.show(json: Report(version: berthVersion))
        } else {
            try Terminal.show("berth \(berthVersion)\n")
        }
    }
}
