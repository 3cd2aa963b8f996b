import Testing

@testable import BerthBenchmark

@Suite struct `What a portserver says` {
    private func port(_ text: String, isWhole: Bool = false) throws -> UInt16? {
        try PortserverAnswer.port(in: Array(text.utf8), isWhole: isWhole)
    }

    @Test func `is a port and a line's end`() throws {
        #expect(try port("15000\n") == 15_000)
        #expect(try port("15000\n", isWhole: true) == 15_000)
    }

    @Test(arguments: ["", "1", "15000"]) func `may come in pieces`(text: String) throws {
        #expect(try port(text) == nil)
    }

    @Test func `is nothing at all when the pool ran out`() {
        #expect(throws: PortserverAnswer.Defect.refused) { try port("", isWhole: true) }
        #expect(throws: PortserverAnswer.Defect.refused) { try port("0\n") }
    }

    @Test(arguments: ["\n", "65536\n", "-1\n", "+1\n", "15 000\n", "x\n", "1\n2\n", "15000"])
    func `is nothing else`(text: String) {
        #expect(throws: PortserverAnswer.Defect.malformed) { try port(text, isWhole: true) }
    }

    @Test func `is not the same port twice`() {
        let given = GivenPorts()
        #expect(given.add(15_000))
        #expect(given.add(65_535))
        #expect(!given.add(15_000))
        #expect(given.count == 2)
    }

    @Test func `comes from an address with or without a file`() {
        guard case .abstract("name") = Endpoint.unix("@name") else {
            Issue.record("@ does not begin an abstract name")
            return
        }
        guard case .unix("/run/name") = Endpoint.unix("/run/name") else {
            Issue.record("a path is no path")
            return
        }
    }
}
