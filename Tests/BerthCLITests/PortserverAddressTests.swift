import BerthCommandLine
import Testing

@Suite struct `Where the portserver protocol is served` {
    private func address(_ text: String?) throws -> PortserverAddress? {
        try Configurations.load(Configurations.flags { $0.portserver = text }).portserver
    }

    @Test func `is nowhere unless somebody says so`() throws {
        #expect(try address(nil) == nil)
        #expect(try address("none") == nil)
    }

    @Test func `is an abstract name behind an at sign, or a path`() throws {
        #expect(try address("@berth") == .abstract("berth"))
        #expect(try address("@/a") == .abstract("/a"))
        #expect(try address("/run/berth/portserver") == .file("/run/berth/portserver"))
        let longest = String(repeating: "a", count: 107)
        #expect(try address("@" + longest) == .abstract(longest) && address(longest) == .file(longest))
        #expect(try address("@berth")?.description == "@berth" && address("@berth")?.path == nil)
        #expect(try address("p/s")?.description == "p/s" && address("p/s")?.path == "p/s")
    }

    @Test(arguments: ["", "@", "@" + String(repeating: "a", count: 108), String(repeating: "a", count: 108), "a\u{0}b"])
    func `is refused where no socket can be`(text: String) {
        let complaint = Configurations.complaint {
            try Configurations.load(Configurations.flags { $0.portserver = text })
        }
        #expect(complaint?.hasPrefix("--portserver: ") == true, "\(complaint ?? "no complaint")")
    }

    @Test func `is told by the file, which the environment beats, which a flag beats`() throws {
        let yaml = "portserver: '@file'"
        #expect(try Configurations.load(yaml: yaml).portserver == .abstract("file"))
        let environment = ["BERTH_CONFIG": "/b.yaml", "BERTH_PORTSERVER": "@environment"]
        let files = ["/b.yaml": yaml]
        #expect(
            try Configurations.load(environment: environment, files: files).portserver == .abstract("environment"))
        let flags = Configurations.flags { $0.portserver = "none" }
        #expect(try Configurations.load(flags, environment: environment, files: files).portserver == nil)
    }
}
