import BerthCommandLine
import BerthCore
import FoundationEssentials
import Glibc
import Logging

/// Writes log records to standard error, one line each: text for people, or JSON for machines.
struct LogLine: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    private let clock: any HostClock
    private let label: String
    private let format: ServeConfiguration.LogFormat

    init(label: String, format: ServeConfiguration.LogFormat, clock: any HostClock) {
        self.clock = clock
        self.label = label
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let line =
            switch format {
            case .text: text(event, all)
            case .json: json(event, all)
            }
        // One write a line, so that lines of several threads never mix.
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private func text(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }
        return "\(clock.now().wall) \(event.level) \(Self.escaped("\(event.message)"))\(pairs.joined())"
    }

    private func json(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var members = metadata.mapValues { "\($0)" }
        members["time"] = "\(clock.now().wall)"
        members["level"] = event.level.rawValue
        members["message"] = "\(event.message)"
        members["logger"] = label
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(members) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// A value with blanks in quotes; control characters never reach a terminal.
    private static func quoted(_ value: String) -> String {
        let escaped = escaped(value)
        return escaped.contains(" ") || escaped.contains("\"") || escaped.isEmpty
            ? "\"\(escaped.replacing("\"", with: "\\\""))\"" : escaped
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { line, scalar in
            if scalar.properties.generalCategory == .control {
                line += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
    }
}
