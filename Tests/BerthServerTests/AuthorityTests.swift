import Testing

@testable import BerthServer

@Suite struct `The authority of a Host or Origin` {
    @Test(
        arguments: [
            ("localhost", "localhost", nil), ("LOCALHOST:7117", "localhost", 7117), ("127.0.0.1:80", "127.0.0.1", 80),
            ("[::1]:7117", "::1", 7117), ("[::1]", "::1", nil), ("evil.example", "evil.example", nil),
            ("localhost.", "localhost.", nil), ("[::FFFF:127.0.0.1]:1", "::ffff:127.0.0.1", 1),
            ("[0:0:0:0:0:0:0:1]:7117", "::1", 7117), ("[2001:DB8::0:1]", "2001:db8::1", nil),
            ("my_host", "my_host", nil),
            ("localhost:65535", "localhost", 65_535), ("localhost:1", "localhost", 1),
        ] as [(String, String, Int?)])
    func `is a host with an optional port`(text: String, name: String, port: Int?) {
        let authority = Authority(text)
        #expect(authority?.name == name)
        #expect(authority?.port == port)
    }

    @Test(arguments: [
        "", ":", ":80", "localhost:", "localhost:0", "localhost:07117",
        "localhost:65536", "localhost:7117:1", "localhost:+80",
        "localhost:٣", "user@localhost", "localhost/path", "local host", "[::1", "::1", "[localhost]", "[::1]x",
        "localhost\n", "lоcalhost", "localhost,evil.example", "localhost#", "localhost?x",
        "[127.0.0.1]", "[127.0.0.1]:7117", "[]", "[1]", "[:::]", "[::1%lo]", "[fe80::1%25lo]", "[evil]",
    ])
    func `is nothing else`(text: String) {
        #expect(Authority(text) == nil)
    }
}
