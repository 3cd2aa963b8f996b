import ArgumentParser
import BerthClient
import BerthCommandLine
import FoundationEssentials

/// Which daemon a command speaks to.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's Unix socket (BERTH_SOCKET).",
            discussion: "Without this and --url: /run/berth/berth.sock, else your own daemon's.",
            valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The daemon's URL, such as http://127.0.0.1:7117 (BERTH_URL).",
            discussion:
                "The token comes from BERTH_TOKEN, the file BERTH_TOKEN_FILE, or on this host your own daemon's.",
            valueName: "url"))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "A PEM file of authorities to trust beside the system's, for an https URL (BERTH_TLS_CA).",
            valueName: "file"),
        completion: .file())
    var tlsCA: String?

    func validate() throws {
        if socket != nil, url != nil { throw ValidationError("--socket and --url exclude each other.") }
        if socket?.isEmpty == true { throw ValidationError("--socket needs a path.") }
        if let url, Endpoint.base(url) == nil {
            throw ValidationError("--url: '\(url)' is no daemon's URL; write it like http://127.0.0.1:7117")
        }
    }

    /// Runs `body` with a client for the daemon.
    func connected<Success>(_ body: (BerthClient) async throws -> Success) async throws -> Success {
        try await BerthClient.connected(toFirstOf: try endpoints(), body)
    }

    /// The daemon that was named, or the places to look in, best first.
    func endpoints() throws -> [Endpoint] {
        try DaemonChoice.endpoints(
            socket: socket, url: url, authorities: tlsCA, environment: ProcessInfo.processInfo.environment,
            readFile: TextFile.read)
    }
}
