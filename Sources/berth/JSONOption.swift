import ArgumentParser

/// Data for programs.
struct JSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print the API's own objects.")
    var isWanted = false
}
