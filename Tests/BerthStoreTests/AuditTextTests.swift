import FoundationEssentials
import Testing

@testable import BerthStore

/// The texts of the audit are written by hand; any reader of JSON must get back what went in.
@Suite struct `A line of JSON` {
    private static let texts = [
        "", "a", "\"", "\\", "\\\"", "\u{0}\u{1}\u{8}\t\n\u{c}\r\u{1f}\u{7f}", "/", "ü – 🜁", "\u{202e}\u{2028}",
        "e\u{301}",
    ]

    @Test func `holds every text as it was`() throws {
        var line = JSONLine()
        for (index, text) in Self.texts.enumerated() { line.add("t\(index)", text) }
        line.add("all", raw: JSONLine.array(Self.texts))
        let decoded = try JSONDecoder().decode([String: Either].self, from: Data(try #require(line.text).utf8))
        for (index, text) in Self.texts.enumerated() { #expect(decoded["t\(index)"] == .text(text)) }
        #expect(decoded["all"] == .texts(Self.texts))
    }

    @Test(arguments: [0, 1, -1, 10, -10, 1_795_435_200_123, Int64.max, Int64.min])
    func `holds every number as it was`(number: Int64) {
        var line = JSONLine()
        line.add("n", number)
        #expect(line.text == "{\"n\":\(number)}")
    }

    @Test func `leaves out what is not there, and is no line when nothing is`() {
        var line = JSONLine()
        line.add("a", nil as String?)
        line.add("b", nil as Int64?)
        #expect(line.text == nil)
        line.addOrNull("c", nil as Int64?)
        line.open("d")
        line.close()
        line.add("e", 1)
        #expect(line.text == #"{"c":null,"d":{},"e":1}"#)
    }

    private enum Either: Decodable, Equatable {
        case text(String)
        case texts([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self =
                if let text = try? container.decode(String.self) { .text(text) } else {
                    .texts(try container.decode([String].self))
                }
        }
    }
}
