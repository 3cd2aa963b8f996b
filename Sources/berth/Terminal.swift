import BerthCommandLine
import BerthCore
import FoundationEssentials
import Glibc

/// The two streams of a command: data on standard output, everything else on standard error.
enum Terminal {
    /// Whether somebody reads the data on a terminal.
    static let showsData = isatty(STDOUT_FILENO) == 1
    /// Whether somebody reads the messages on a terminal.
    static let showsMessages = isatty(STDERR_FILENO) == 1

    /// How data looks.
    static var style: TerminalStyle {
        TerminalStyle(isTerminal: showsData, environment: ProcessInfo.processInfo.environment)
    }

    /// The wall clock.
    static var now: Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    /// Writes data.
    /// - Throws: ``ErrorCode/internal`` when it cannot be written, so that a full disk never looks like success.
    static func show(_ text: String) throws(BerthError) {
        try show(bytes: text.utf8)
    }

    /// Writes data as it came, which may end in the middle of a character.
    static func show(bytes: some Collection<UInt8>) throws(BerthError) {
        guard write(bytes, to: STDOUT_FILENO) else {
            throw BerthError(
                .internal, "The output could not be written: \(String(cString: strerror(errno))).")
        }
    }

    /// Writes the API's own objects.
    static func show(json value: some Encodable) throws {
        try show(try JSONText.line(value, isPretty: showsData))
    }

    /// Writes a message. There is nobody to tell when that fails.
    static func say(_ message: String) {
        _ = write((message + "\n").utf8, to: STDERR_FILENO)
    }

    /// Says what only a person wants to know.
    static func remark(_ message: String) {
        if showsMessages { say(message) }
    }

    /// Shows a line of a terminal in place of the last one that was shown so.
    static func status(_ text: String) {
        if showsMessages { _ = write("\r\u{1b}[K\(text)".utf8, to: STDERR_FILENO) }
    }

    /// Takes the line away that ``status(_:)`` shows.
    static func clearStatus() {
        if showsMessages { _ = write("\r\u{1b}[K".utf8, to: STDERR_FILENO) }
    }

    private static func write(_ bytes: some Collection<UInt8>, to descriptor: CInt) -> Bool {
        var rest = ArraySlice(bytes)
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written >= 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}
