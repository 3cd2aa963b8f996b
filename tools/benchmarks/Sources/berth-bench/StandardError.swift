import Glibc

/// Where progress and complaints go: standard output has the report alone.
enum StandardError {
    /// Writes a line at once, without a buffer. Nothing is done about a reader that has gone.
    static func write(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { bytes in
            _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
