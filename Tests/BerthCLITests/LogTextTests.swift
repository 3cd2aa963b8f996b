import BerthCommandLine
import Testing

@Suite struct `Logs on the command line` {
    @Test(arguments: [
        ("a\nb\nc\n", 2, "b\nc\n"), ("a\nb\nc", 2, "b\nc"), ("a\nb\n", 5, "a\nb\n"), ("a\n\n\n", 2, "\n\n"),
        ("a\nb", 1, "b"), ("a\n", 1, "a\n"), ("", 3, ""), ("a\n", 0, ""), ("\n", 1, "\n"),
    ])
    func `have their last lines`(text: String, count: Int, last: String) {
        #expect(String(decoding: LogText.lastLines(Array(text.utf8), count), as: UTF8.self) == last)
    }

    @Test(arguments: [
        ("plain é 漢\t.", "plain é 漢\t."), ("\u{1b}[1;32mgreen\u{1b}[0m", "\u{1b}[1;32mgreen\u{1b}[0m"),
        ("\u{1b}]0;title\u{7}", "\\x1b]0;title\\x07"), ("\u{1b}[2J", "\\x1b[2J"), ("\u{1b}[", "\\x1b["),
        ("\u{1b}", "\\x1b"), ("50%\r", "50%"), ("50%\r60%", "50%\\x0d60%"), ("a\u{9b}31mb", "a\\x9b31mb"),
        ("a\u{202e}b", "a\\u{202e}b"), ("\u{0}", "\\x00"),
    ])
    func `cannot steer a terminal`(line: String, shown: String) {
        #expect(LogText.harmless(Array(line.utf8)) == shown)
    }

    @Test func `are put together from pieces, with their agents' names`() {
        var lines = LogLines(name: "a", width: 3, isForTerminal: false)
        let shown = ["on", "e\ntw", "o\n\nthr"].map { String(decoding: lines.add(Array($0.utf8)), as: UTF8.self) }
        #expect(shown == ["", "a   | one\n", "a   | two\na   | \n"])
        #expect(String(decoding: lines.end(), as: UTF8.self) == "a   | thr\n")
        #expect(lines.end().isEmpty)
    }

    @Test func `come as they are where no terminal shows them`() {
        var lines = LogLines(name: nil, isForTerminal: false)
        let bytes: [UInt8] = [0xff, 0x1b, 0x0d, 0x0a]
        #expect(lines.add(bytes) == bytes)
        var shown = LogLines(name: nil, isForTerminal: true)
        #expect(String(decoding: shown.add(bytes), as: UTF8.self) == "\u{fffd}\\x1b\n")
    }
}
