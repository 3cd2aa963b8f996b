import Testing

@testable import BerthServer

@Suite struct `A line of the portserver protocol` {
    private func read(_ text: String, isWhole: Bool = false) -> PortserverRequest {
        PortserverRequest(Array(text.utf8), isWhole: isWhole)
    }

    @Test(
        arguments: [
            ("1\n", 1), ("4250\n", 4250), ("4250\r\n", 4250), ("0042\n", 42), ("2147483647\n", 2_147_483_647),
            ("00000000000000000001\n", 1),
        ] as [(String, Int32)])
    func `names a process`(text: String, pid: Int32) {
        #expect(read(text) == .port(pid: pid))
    }

    @Test(arguments: ["", "4", "4250", "4250\r", "99999999999999999999"])
    func `is waited for to its end`(text: String) {
        #expect(read(text) == .incomplete)
    }

    @Test func `ends with the newline, or with what is sent at all`() {
        #expect(read("4250", isWhole: true) == .port(pid: 4250))
        #expect(read("", isWhole: true) == .malformed)
        #expect(read("4250\n", isWhole: true) == .port(pid: 4250))
    }

    @Test(arguments: [
        "\n", "\r\n", "0\n", "-1\n", "+1\n", " 1\n", "1 \n", "1_0\n", "0x10\n", "1.0\n", "a", "12a", "\u{0}\n",
        "2147483648\n", "99999999999999999999\n", "1\n2", "1\n\n", "1\r\r\n", "1\r2", "٤\n", "000000000000000000001",
        "GET / HTTP/1.1\r\n", String(repeating: "1", count: 100),
    ])
    func `names nothing otherwise, and is refused before it is long`(text: String) {
        #expect(read(text) == .malformed)
    }

    @Test func `reads the same however it comes in pieces`() {
        for text in ["4250\n", "0\n", "12345678901\n", "1x\n"] {
            let bytes = Array(text.utf8)
            let first = (1...bytes.count).lazy.map { PortserverRequest(bytes[..<$0]) }.first { $0 != .incomplete }
            #expect(first == PortserverRequest(bytes) || first == .malformed)
            #expect((first == .malformed) == (PortserverRequest(bytes) == .malformed))
        }
    }
}
