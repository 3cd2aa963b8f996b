import BerthCore
import BerthTestSupport
import HTTPTypes
import Testing

@testable import BerthServer

@Suite struct `Header fields, fuzzed` {
    private static let hosts = [
        "localhost", "localhost:7117", "127.0.0.1", "127.0.0.1:7117", "[::1]:7117", "[::1]", "berth.test:7117",
        "berth.test",
        "LOCALHOST:7117",
    ]
    private static let tokens = [
        ".", ":", "[", "]", "@", "%", "/", "#", "?", "\\", "http://", "https://", "evil.example", "localhost",
        "127.0.0.1",
        ".evil.example", "user@", ":80", ":07117", ":+7117", "::", "::ffff:", "0x7f.1", "2130706433", "%00", "\t", " ",
        ",",
        "fe80::1%eth0", "xn--", "_", "-",
    ]

    private static func host(using random: inout SplitMix64) -> [UInt8] {
        Mutation.of(Array(random.pick(hosts).utf8), tokens: tokens, using: &random)
    }

    @Test func `that name a host name the same one once they are read`() {
        FuzzRun.bytes("authority", make: Self.host) { bytes in
            guard let host = Authority(String(decoding: bytes, as: UTF8.self)) else { return nil }
            let name = host.name.contains(":") ? "[\(host.name)]" : host.name
            let text = name + (host.port.map { ":\($0)" } ?? "")
            guard Authority(text) == host else { return "\(host) does not come back" }
            let isPlain = name.utf8.allSatisfy { byte in
                "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]".utf8.contains(byte)
            }
            return isPlain && host.port.map { (1...65_535).contains($0) } ?? true ? nil : "\(host)"
        }
    }

    @Test func `let in no host and no origin but the daemon's own`() throws {
        let check = try HostCheck(allowedHosts: ["berth.test"])
        let end = ListenerEnd(address: "127.0.0.1", port: 7117)
        let own = ["localhost", "127.0.0.1", "localhost:7117", "127.0.0.1:7117"]
        FuzzRun.values("foreign hosts") { random in
            let origin = "http://\(String(decoding: Self.host(using: &random), as: UTF8.self))"
            return Claims(
                hosts: (0..<random.pick([1, 1, 1, 1, 0, 2])).map { _ in
                    String(decoding: Self.host(using: &random), as: UTF8.self)
                },
                origins: random.happens(inPercent: 30) ? [origin] : [],
                sites: random.happens(inPercent: 20)
                    ? [random.pick(["same-origin", "none", "same-site", "None", ""])] : [])
        } fault: { (claims: Claims) -> String? in
            let isLetIn = (try? check.check(claims, at: end)) != nil
            let host = claims.hosts.first?.asciiLowercased ?? ""
            let isOwnHost = claims.hosts.count == 1 && (own.contains(host) || Self.isListed(host))
            let isOwnOrigin = claims.origins.allSatisfy { origin in
                guard origin.hasPrefix("http://") else { return false }
                let host = String(origin.dropFirst(7)).asciiLowercased
                return ["localhost:7117", "127.0.0.1:7117", "berth.test:7117"].contains(host)
            }
            let isOwnSite = claims.sites.allSatisfy { ["same-origin", "none"].contains($0) }
            return isLetIn == (isOwnHost && isOwnOrigin && isOwnSite) ? nil : "\(claims) was let in: \(isLetIn)"
        }
    }

    /// The listed host, with any port.
    private static func isListed(_ host: String) -> Bool {
        guard host.hasPrefix("berth.test"), host != "berth.test" else { return host == "berth.test" }
        let port = host.dropFirst("berth.test".count)
        guard port.first == ":", let number = Int(port.dropFirst()) else { return false }
        return (1...65_535).contains(number) && String(number) == port.dropFirst()
    }

    @Test func `that prefer to wait are refused, or wait at most an hour`() {
        let samples = [
            "wait=30", "respond-async", "wait=30, respond-async", "respond-async, wait=0", "wait=\"10\"",
            "handling=lenient",
            "wait = 5; x=y", "foo; wait=3", "wait=3600",
        ]
        FuzzRun.bytes("prefer") { random in
            Mutation.of(
                Array(random.pick(samples).utf8),
                tokens: ["wait=", ",", ";", "=", "\"", "respond-async", " ", "\t", "WAIT"],
                using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(BerthError) {
                let wait = try Prefer([.prefer: text]).wait
                guard let seconds = wait?.seconds else { return nil }
                return (0...3600).contains(seconds) ? nil : "waits \(seconds) s"
            } catch {
                return error.fields.map(\.field) == ["Prefer"] ? nil : "\(error)"
            }
        }
    }

    @Test func `that name a request can forge no line of a log and no field`() {
        let ids = RequestIDs()
        FuzzRun.bytes("request id") { random in
            Mutation.of(
                Array("abc-1.2_3:4".utf8), tokens: ["\r\nX: y", " ", ";", "\"", "\u{1B}[31m", "="], using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let taken = ids.accept(text)
            let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-".utf8
            let isWell = (1...128).contains(taken.utf8.count) && taken.utf8.allSatisfy { letters.contains($0) }
            let isOwn = (1...128).contains(bytes.count) && bytes.allSatisfy { letters.contains($0) }
            return isWell && (taken == text) == isOwn ? nil : "taken as \(taken)"
        }
    }

    @Test func `and targets that name a host hide none`() {
        let samples = [
            "/v1/leases", "http://127.0.0.1:7117/v1/leases", "http://localhost/x?y#z", "https://a/", "*",
            "//evil.example/x",
        ]
        FuzzRun.bytes("target") { random in
            Mutation.of(Array(random.pick(samples).utf8), tokens: Self.tokens, using: &random)
        } fault: { bytes in
            let target = String(decoding: bytes, as: UTF8.self)
            guard let named = TargetHandler.host(of: target, isConnect: false, .http) else {
                return target.utf8.first == UInt8(ascii: "/") || !target.contains("://") ? nil : "names no host"
            }
            // Whatever it names stands beside a host that is another one.
            return TargetHandler.further(named, beside: ["evil.test"]) == [named] ? nil : "\(named) is lost"
        }
    }
}

extension String {
    /// With nothing but `A` to `Z` in lower case: a Kelvin sign is no `k` here.
    fileprivate var asciiLowercased: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
                }))
    }
}
