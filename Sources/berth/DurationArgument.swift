import ArgumentParser
import BerthCommandLine

/// A length of time on the command line: `300`, `5m`, `1h30m`, `90d`.
struct DurationArgument: ExpressibleByArgument {
    let seconds: Int64

    init?(argument: String) {
        guard let seconds = DurationText.seconds(argument) else { return nil }
        self.seconds = seconds
    }
}
