import BerthCore
import BerthHost
import Testing

@Suite struct `The address that a host stands for` {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("127.255.0.9", "127.255.0.9"), ("127.1", "127.0.0.1"), ("2130706433", "127.0.0.1"),
        ("::1", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ("::ffff:7f00:2", "::ffff:127.0.0.2"),
    ])
    func `is loopback where only this host can reach it`(host: String, address: String) throws {
        let target = try ListenTarget.resolve(host)
        #expect(target.isLoopback && target.address == address, "\(target)")
    }

    @Test func `is what the host's own name is looked up as`() throws {
        let target = try ListenTarget.resolve("localhost")
        #expect(target.isLoopback && ["127.0.0.1", "::1"].contains(target.address), "\(target)")
    }

    @Test(arguments: [
        "0.0.0.0", "0", "::", "::ffff:0.0.0.0", "10.0.0.1", "126.255.255.255", "128.0.0.1", "192.0.2.1", "::2",
        "::ffff:10.0.0.1", "::127.0.0.1", "1::1", "2001:db8::1", "fe80::1", "::ffff:0:127.0.0.1",
    ])
    func `is wider where others could`(host: String) throws {
        let target = try ListenTarget.resolve(host)
        #expect(!target.isLoopback, "\(target)")
    }

    @Test func `is none where nobody knows it`() {
        let error = #expect(throws: BerthError.self) { try ListenTarget.resolve("no-such-host.invalid") }
        #expect(error?.code == .configuration && error?.message.contains("no-such-host.invalid") == true)
    }
}
