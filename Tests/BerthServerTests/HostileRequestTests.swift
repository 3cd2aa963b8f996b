import BerthCore
import BerthTestSupport
import Testing

@testable import BerthServer

private let loopback = ListenerEnd(address: "127.0.0.1", port: 7117)

@Suite struct `What a request says about itself` {
    /// The code of the check's refusal; nil when it lets the request pass.
    private func refusal(
        line: String = "GET /v1/leases HTTP/1.1", _ fields: [String], allowed: [String] = [],
        at end: ListenerEnd = loopback
    ) -> String? {
        let values = { HostileRequest.values($0, in: fields, port: end.port) }
        var hosts = values("host")
        let words = line.replacing("{port}", with: String(end.port)).split(separator: " ").map(String.init)
        if words.count > 1, let named = TargetHandler.host(of: words[1], isConnect: words[0] == "CONNECT", .http) {
            hosts += TargetHandler.further(named, beside: hosts)
        }
        do throws(BerthError) {
            let check = try HostCheck(allowedHosts: allowed)
            try check.check(Claims(hosts: hosts, origins: values("origin"), sites: values("sec-fetch-site")), at: end)
            return nil
        } catch {
            return error.code.rawValue
        }
    }

    @Test func `keeps out the whole table, and for the right reason`() {
        let all = HostileRequest.all
        #expect(all.count >= 200)
        #expect(Set(all.map(\.description)).count > all.count * 9 / 10)
        // What is malformed never comes as far as the check.
        for request in all where request.status != 400 {
            let isTheChecks = ["forbidden-host", "forbidden-origin"].contains(request.code)
            let code = refusal(line: request.line, request.fields)
            #expect(code == (isTheChecks ? request.code : nil), "\(request)")
        }
    }

    @Test func `lets in who names the daemon and comes from nowhere else`() {
        for fields in HostileRequest.welcome {
            #expect(refusal(fields) == nil, "\(fields)")
        }
        #expect(refusal(line: "GET http://LOCALHOST:{port}/v1/leases HTTP/1.1", ["Host: localhost:{port}"]) == nil)
    }

    private static let lists: [(entry: String, own: [String], foreign: [String])] = [
        (
            "berth.test", ["berth.test", "BERTH.test:80", "berth.test:7117", "berth.test:9", "localhost:7117"],
            ["x.berth.test", "berth.testx", "berth.test.", "localhost:9"]
        ),
        ("berth.test:8443", ["berth.test:8443"], ["berth.test", "berth.test:80", "berth.test:7117"]),
        ("berth.test:80", ["berth.test", "berth.test:80"], ["berth.test:7117"]),
        ("berth.test.", ["berth.test."], ["berth.test"]),
        ("localhost:8117", ["localhost", "localhost:7117", "localhost:8117"], ["localhost:9", "127.0.0.1:8117"]),
        ("::1", ["[::1]", "[0::1]:7117", "[::1]:9"], ["[::2]", "::1"]),
        ("[::1]:8117", ["[::1]:8117"], ["[::1]", "[::1]:7117"]),
    ]

    @Test(arguments: lists)
    func `may name a host on the list, with any port or with the one that stands there`(
        entry: String, own: [String], foreign: [String]
    ) {
        for host in own { #expect(refusal(["Host: \(host)"], allowed: [entry]) == nil, "\(host)") }
        for host in foreign { #expect(refusal(["Host: \(host)"], allowed: [entry]) == "forbidden-host", "\(host)") }
    }

    @Test func `has the origin of a listed host with the listener's port, or the one that is listed`() {
        let host = ["Host: berth.test"]
        #expect(refusal(host + ["Origin: http://berth.test:7117"], allowed: ["berth.test"]) == nil)
        #expect(refusal(host + ["Origin: http://berth.test"], allowed: ["berth.test:80"]) == nil)
        for origin in ["http://berth.test", "http://berth.test:9", "https://berth.test:7117", "http://x.berth.test"] {
            let code = refusal(host + ["Origin: \(origin)"], allowed: ["berth.test"])
            #expect(code == "forbidden-origin", "\(origin)")
        }
    }

    @Test(arguments: [
        "", "a b", "http://berth.test", "user@berth.test", "berth.test/", "berth.test:0", "bérth", "[::1", "*",
    ])
    func `cannot name what is no host, and the list must not`(entry: String) {
        #expect(throws: BerthError.self) { try HostCheck(allowedHosts: [entry]) }
    }

    @Test func `names an IPv6 listener in any spelling of its address`() {
        let end = ListenerEnd(address: "::1", port: 7117)
        for host in ["[::1]:7117", "[::1]", "[0:0:0:0:0:0:0:1]:7117", "[::0001]", "localhost:7117"] {
            #expect(refusal(["Host: \(host)", "Origin: http://[0::1]:7117"], at: end) == nil, "\(host)")
        }
        for host in ["127.0.0.1", "[::]", "[::2]:7117", "[::1]:7118", "::1"] {
            #expect(refusal(["Host: \(host)"], at: end) == "forbidden-host", "\(host)")
        }
    }

    @Test func `names by IPv4 a listener on both families`() {
        let end = ListenerEnd(address: "::ffff:192.0.2.7", port: 7117)
        #expect(refusal(["Host: 192.0.2.7:7117"], at: end) == nil)
        #expect(refusal(["Host: [::ffff:192.0.2.7]:7117"], at: end) == "forbidden-host")
    }

    @Test func `names nobody where the listener has no address`() {
        let end = ListenerEnd(nil)
        #expect(refusal(["Host: 127.0.0.1"], at: end) == "forbidden-host")
        #expect(refusal(["Host:"], at: end) == "forbidden-host")
    }

    @Test func `speaks https where the listener does`() throws {
        let check = try HostCheck(allowedHosts: [], scheme: .https)
        let end = ListenerEnd(address: "192.0.2.7", port: 443)
        for origin in ["https://192.0.2.7", "https://192.0.2.7:443"] {
            try check.check(Claims(hosts: ["192.0.2.7"], origins: [origin]), at: end)
        }
        #expect(throws: BerthError.self) {
            try check.check(Claims(hosts: ["192.0.2.7"], origins: ["http://192.0.2.7:443"]), at: end)
        }
        #expect(TargetHandler.host(of: "https://192.0.2.7/v1", isConnect: false, .https) == "192.0.2.7")
        #expect(TargetHandler.host(of: "http://192.0.2.7/v1", isConnect: false, .https) == "http://192.0.2.7/v1")
    }
}
