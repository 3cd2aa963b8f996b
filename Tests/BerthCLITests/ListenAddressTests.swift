import BerthCommandLine
import BerthCore
import Testing

@Suite struct `Reading a listen address` {
    @Test(arguments: [
        ("127.0.0.1:7117", "127.0.0.1", 7117), ("localhost:0", "localhost", 0), ("[::1]:7117", "::1", 7117),
        ("0.0.0.0:65535", "0.0.0.0", 65_535), ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
    ])
    func `takes host and port`(text: String, host: String, port: Int) throws {
        let address = try ListenAddress.parse(Setting(text, .flag("--listen")))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address?.description == text)
    }

    @Test func `takes none for no TCP at all`() throws {
        #expect(try ListenAddress.parse(Setting("none", .flag("--listen"))) == nil)
        #expect(try Configurations.load(Configurations.flags { $0.listen = "none" }).listen == nil)
    }

    @Test(arguments: [
        "", "7117", ":7117", "host", "host:", "host:65536", "host:-1", "host:http", "::1:7117", "[::1]", "[]:1",
        "a b:1", "http://127.0.0.1:7117",
    ])
    func `refuses what is no address`(text: String) {
        #expect(throws: BerthError.self) { try ListenAddress.parse(Setting(text, .flag("--listen"))) }
    }
}
