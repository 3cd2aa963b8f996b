import BerthCommandLine
import Testing

@Suite struct `Ports in a command's arguments` {
    private func fill(_ text: String, _ ports: [Int] = [20_010, 20_011, 20_012]) throws -> String {
        String(decoding: try PortPlaceholders.fill(Array(text.utf8), ports: ports), as: UTF8.self)
    }

    @Test(
        arguments: [
            ("{port}", "20010"), ("{port:1}", "20010"), ("{port:3}", "20012"), ("{port:02}", "20011"),
            ("http://[::1]:{port}/x", "http://[::1]:20010/x"), ("{port}{port:2}", "2001020011"),
            ("{{port}}", "{20010}"), ("-p={port:2},{port:3}", "-p=20011,20012"),
        ])
    func `are put in`(text: String, filled: String) throws {
        #expect(try fill(text) == filled)
    }

    @Test(
        arguments: [
            "", "port", "{port", "port}", "{PORT}", "{port }", "{port:}", "{port:x}", "{port:1x}", "{port:-1}",
            "{ports}",
            "${port}", "${port:2}", "${port:9}", "{port:+1}", "{port:1",
        ])
    func `are not put in where something else is meant`(text: String) throws {
        #expect(try fill(text) == text)
    }

    @Test(arguments: ["{port:0}", "{port:4}", "{port:99999999999999999999}"])
    func `must be the block's`(text: String) {
        let error = #expect(throws: PortPlaceholders.Outside.self) { try fill("a \(text) {port}") }
        #expect(error?.text == text)
    }

    @Test func `leave bytes that are no text as they are`() throws {
        let bytes: [UInt8] = [0xff, 0x7b, 0xfe] + Array("{port}".utf8) + [0x80]
        #expect(try PortPlaceholders.fill(bytes, ports: [7]) == [0xff, 0x7b, 0xfe, 0x37, 0x80])
    }
}
