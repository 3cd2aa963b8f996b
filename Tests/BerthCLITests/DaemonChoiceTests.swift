import BerthClient
import BerthCommandLine
import BerthCore
import Testing

@Suite struct `Finding the daemon` {
    private func endpoints(
        socket: String? = nil, url: String? = nil, authorities: String? = nil, _ environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws -> [Endpoint] {
        try DaemonChoice.endpoints(
            socket: socket, url: url, authorities: authorities,
            environment: environment.merging(["HOME": "/home/u"]) { given, _ in given },
            readFile: { files[$0] })
    }

    private let own = "/home/u/.local/state/berth"

    @Test func `looks at the system's socket, then at the user's own`() throws {
        #expect(
            try endpoints() == [
                .unixSocket(path: "/run/berth/berth.sock"), .unixSocket(path: "\(own)/berth.sock"),
            ])
        #expect(
            try endpoints(["XDG_STATE_HOME": "/s"]).last == .unixSocket(path: "/s/berth/berth.sock"))
        #expect(try endpoints(["BERTH_DATABASE": "/d/b.db"]).last == .unixSocket(path: "/d/berth.sock"))
    }

    @Test func `is no business of the unit that a command runs in`() throws {
        #expect(
            try endpoints(["STATE_DIRECTORY": "/var/lib/app"]).last == .unixSocket(path: "\(own)/berth.sock"))
    }

    @Test func `goes where it is told, flags first`() throws {
        let environment = ["BERTH_SOCKET": "/env.sock", "BERTH_URL": "http://h:1"]
        #expect(try endpoints(socket: "/flag.sock", environment) == [.unixSocket(path: "/flag.sock")])
        #expect(try endpoints(url: "http://g:2", environment) == [.url("http://g:2", token: nil)])
        #expect(try endpoints(environment) == [.unixSocket(path: "/env.sock")])
        #expect(try endpoints(["BERTH_URL": "http://h:1/"]) == [.url("http://h:1", token: nil)])
    }

    @Test func `does not call at a socket that is none`() throws {
        #expect(
            try endpoints(["BERTH_SOCKET": "none", "BERTH_URL": "http://h:1"]) == [.url("http://h:1", token: nil)])
    }

    @Test func `takes the token from the environment, else from a file`() throws {
        let files = ["\(own)/token": "own-token\n", "/t": " file-token\n"]
        let here = "http://127.0.0.1:7117"
        #expect(try endpoints(url: here, ["BERTH_TOKEN": "t1"], files: files) == [.url(here, token: "t1")])
        #expect(
            try endpoints(url: here, ["BERTH_TOKEN_FILE": "/t"], files: files) == [.url(here, token: "file-token")])
        #expect(try endpoints(url: here, files: files) == [.url(here, token: "own-token")])
        #expect(try endpoints(url: here) == [.url(here, token: nil)])
    }

    @Test(arguments: ["http://example.org:7117", "http://127.0.0.1.example.org", "http://localhost.example.org:1"])
    func `sends the own daemon's token to no other host`(url: String) throws {
        #expect(try endpoints(url: url, files: ["\(own)/token": "own-token"]) == [.url(url, token: nil)])
    }

    @Test func `trusts further authorities where it speaks TLS`() throws {
        let there = "https://berth.test:7117"
        let variable = ["BERTH_TLS_CA": "/env.pem"]
        #expect(try endpoints(url: there) == [.url(there, token: nil)])
        #expect(try endpoints(url: there, variable) == [.url(there, token: nil, authorities: "/env.pem")])
        #expect(
            try endpoints(url: there, authorities: "/flag.pem", variable) == [
                .url(there, token: nil, authorities: "/flag.pem")
            ])
        let both = variable.merging(["BERTH_URL": there]) { $1 }
        #expect(try endpoints(both) == [.url(there, token: nil, authorities: "/env.pem")])
        #expect(try endpoints(url: "http://berth.test", variable) == [.url("http://berth.test", token: nil)])
    }

    @Test func `complains of a token that cannot be read or sent`() {
        #expect(throws: BerthError.self) { try endpoints(url: "http://h:1", ["BERTH_TOKEN_FILE": "/no"]) }
        #expect(throws: BerthError.self) { try endpoints(url: "http://h:1", ["BERTH_TOKEN": "a\r\nX: y"]) }
    }

    @Test(arguments: ["", "h:1", "ftp://h", "http://", "http://h:0", "http://h:70000", "http://h/path", "http://u@h"])
    func `refuses what is no URL of a daemon`(url: String) {
        #expect(Endpoint.base(url) == nil)
    }

    @Test(arguments: ["http://h", "https://h:443", "http://[::1]:7117", "http://127.0.0.1:7117"])
    func `takes a daemon's URL with a slash or without`(url: String) {
        #expect(Endpoint.base(url) == url)
        #expect(Endpoint.base(url + "/") == url)
    }
}
