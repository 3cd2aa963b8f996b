import BerthAPI
import BerthCore
import BerthTestSupport
import HummingbirdCore
import Testing

@testable import BerthServer

@Suite struct `Queries and paths, fuzzed` {
    private static let names: Set<String> = [
        "session", "pool", "state", "port", "limit", "cursor", "since", "principal", "after",
    ]
    private static let samples = [
        "session=alice", "session=a%2Fb%40c", "pool=default", "state=all", "port=20010", "limit=1000",
        "cursor=YmVydGgxOjE3",
        "since=2026-11-23T19%3A10%3A42.123Z", "since=2026-11-23T19:10:42%2B01:00", "principal=uid%3A1000",
        "principal=token:ci", "after=17", "state", "state=",
    ]
    private static let tokens = [
        "&", "=", "%", "%0", "%zz", "%00", "%ff", "%c3%28", "%C3%A9", "%2", "+", "#", "?", "&&", "==", ";", "%26",
        "%3D", "%2B",
        "%25", "session", "limit=", "x=1", "a[]=1", "%ED%A0%80", "%C0%AF", "/", "..", "\\", " ",
    ]
    private enum State: String, CaseIterable { case active, ended, all }

    private static func query(using random: inout SplitMix64) -> [UInt8] {
        let count = random.pick([0, 1, 1, 2, 3, 6])
        let text = samples.shuffled(using: &random).prefix(count).joined(separator: "&")
        return Mutation.of(Array("/v1/leases?\(text)".utf8), tokens: tokens, using: &random)
    }

    /// What the parser of HTTP hands on is text: what was no UTF-8 is mended by then.
    private static func uri(_ bytes: [UInt8]) -> URI { URI(String(decoding: bytes, as: UTF8.self)) }

    @Test func `are refused with a code, or every parameter is within its bounds`() {
        FuzzRun.bytes("query", make: Self.query) { bytes in
            do {
                return try Self.breach(Query(Self.uri(bytes), allowed: Self.names))
            } catch let error as BerthError {
                return error.code == .invalidField && error.fields.count == 1 ? nil : "\(error)"
            } catch {
                return "\(error)"
            }
        }
    }

    /// Which parameter is out of bounds. One that is refused is none.
    private static func breach(_ query: Query) throws -> String? {
        func value<Value>(_ read: () throws(BerthError) -> Value?) throws(BerthError) -> Value? {
            do throws(BerthError) { return try read() } catch {
                guard error.code == .invalidField else { throw error }
                return nil
            }
        }
        if let limit = try value(query.limit), !(1...1000).contains(limit) { return "limit \(limit)" }
        if let cursor = try value(query.cursor), cursor < 0 { return "cursor \(cursor)" }
        if let after = try value({ () throws(BerthError) in try query.number("after", atLeast: 0) }), after < 0 {
            return "after \(after)"
        }
        if let name = try value({ () throws(BerthError) in try query.name("session", SessionName.self) }),
            SessionName(rawValue: name.rawValue) != name
        {
            return "session \(name)"
        }
        _ = try value { () throws(BerthError) in try query.name("pool", PoolName.self) }
        _ = try value { () throws(BerthError) in try query.port("port") }
        _ = try value { () throws(BerthError) in try query.choice("state", State.self) }
        if let instant = try value({ () throws(BerthError) in try query.instant("since") }),
            Instant(instant.description) != instant
        {
            return "since \(instant)"
        }
        if let principal = try value({ () throws(BerthError) in try query.principal("principal") }),
            Principal(principal.description) != principal
        {
            return "principal \(principal)"
        }
        return nil
    }

    @Test func `of a next page say what the page before them said`() {
        FuzzRun.bytes("link of a query", make: Self.query) { bytes in
            guard let query = try? Query(Self.uri(bytes), allowed: Self.names) else { return nil }
            let link = query.link(to: "/v1/leases", cursor: "next")
            guard link.hasPrefix("</v1/leases?"), link.hasSuffix(">; rel=\"next\""),
                link.utf8.allSatisfy({ (0x20..<0x7F).contains($0) })
            else { return link }
            let target = link.dropFirst().prefix { $0 != ">" }
            guard let next = try? Query(URI(String(target)), allowed: Self.names) else { return "\(link) is no query" }
            return next.link(to: "/v1/leases", cursor: "next") == link ? nil : "\(link) became another"
        }
    }

    @Test func `decode as the bytes they spell`() {
        FuzzRun.bytes("percent-encoding") { random in
            Mutation.of(Array(random.pick(Self.samples).utf8), tokens: Self.tokens, using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard APIPath.percentDecoded(APIPath.percentEncoded(text)[...]) == text else { return "does not come back" }
            return APIPath.percentDecoded(text[...]) == Self.decodedPlainly(text) ? nil : "decodes as something else"
        }
    }

    /// Percent-decoding in the plainest words.
    private static func decodedPlainly(_ text: String) -> String? {
        var bytes: [UInt8] = []
        let parts = text.split(separator: "%", omittingEmptySubsequences: false).map { Array($0.utf8) }
        // A mark before a character that changes it is no mark for Swift's characters, but is one byte all the same.
        guard parts.reduce(parts.count - 1, { $0 + $1.count }) == text.utf8.count,
            parts.allSatisfy({ !$0.contains(UInt8(ascii: "%")) })
        else { return APIPath.percentDecoded(text[...]) }
        bytes += parts[0]
        for part in parts.dropFirst() {
            guard part.count >= 2, part.prefix(2).allSatisfy({ "0123456789abcdefABCDEF".utf8.contains($0) }),
                let byte = UInt8(String(decoding: part.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes += [byte] + part.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    @Test func `name nothing that Berth did not write, where they are cursors`() {
        FuzzRun.bytes("cursor") { random in
            let position = random.pick([0, 1, 17, Int64.max, .random(in: 0 ... .max, using: &random)])
            return Mutation.of(
                Array(Cursor.text(position).utf8), tokens: ["=", "==", "YmVydGgx", "-", "\n"], using: &random)
        } fault: { bytes in
            guard let position = Cursor.position(String(decoding: bytes, as: UTF8.self)) else { return nil }
            return position >= 0 && Cursor.position(Cursor.text(position)) == position ? nil : "position \(position)"
        }
    }
}
