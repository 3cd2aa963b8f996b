import Glibc

/// Something that keeps the process from doing what it was started for.
struct Failure: Error, CustomStringConvertible {
    let what: String
    let number: Int32

    var description: String { "\(what): errno \(number)" }
}

/// Writes a line to the standard output, at once.
func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = write(1, bytes, bytes.count)
}

/// Waits for a line on the standard input, or its end.
func waitForWord() {
    var byte: UInt8 = 0
    repeat {
        let length = read(0, &byte, 1)
        if length == 0 || (length < 0 && errno != EINTR) { return }
    } while byte != UInt8(ascii: "\n")
}
