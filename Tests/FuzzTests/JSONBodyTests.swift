import BerthAPI
import BerthCore
import BerthTestSupport
import Foundation
import Testing

@testable import BerthServer

@Suite struct `Bodies in JSON, fuzzed` {
    private static let tokens = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\u202e", "\\ud800", "\\udc00\\ud800", "\\uD83D\\uDEA2",
        "\\x",
        "\\", "//", "/**/", "true", "null", "\"session\":\"b\",", "\"count\":2,", "\"\\u0073ession\":\"c\",",
        ",\"x\":1",
        "\"labels\":{\"k\":\"v\"},", "\"agents\":[\"web\",\"web\"],", "\"pid\":1,", "\"name\":\"n\",",
        "\"path\":\"/x\",", "\"template\":\"t\",", "\"variables\":{\"a\":\"b\"},", "\"ttl_seconds\":null,",
        "\"before\":\"2026-11-23T19:10:42Z\",", "\"dry_run\":true,", "\"\":0,", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"a\":",
        "'session'", "session", "\u{FEFF}", "e", "E+", "-",
    ]

    private static func mutated(using random: inout SplitMix64) -> [UInt8] {
        let request = GeneratedGrant.value(using: &random)
        return Mutation.of(GeneratedGrant.json(request, using: &random), tokens: tokens, using: &random)
    }

    @Test func `that say a wish say exactly it`() {
        FuzzRun.values("JSON wish") { random in
            let wish = GeneratedGrant.value(using: &random)
            return (wish, GeneratedGrant.json(wish, using: &random))
        } fault: { wish, json in
            do {
                let read = try JSON.decode(LeaseRequest.self, from: Data(json)).grant
                return read == wish ? nil : "read \(read) from \(Shrinking.spelt(json))"
            } catch {
                return "\(error) from \(Shrinking.spelt(json))"
            }
        }
    }

    @Test func `that are changed are refused with a code, or read as what they say`() {
        FuzzRun.bytes("JSON changed", make: Self.mutated) { json in
            let body = Data(json)
            return Self.fault(LeaseRequest.self, body) { request in
                Self.breach(request.grant)
                    ?? (Self.reread(request.grant) == request.grant ? nil : "does not come back: \(request.grant)")
            }
        }
    }

    @Test func `are refused with a code by every route`() {
        FuzzRun.bytes("JSON of all routes", make: Self.mutated) { json in
            let body = Data(json)
            return Self.fault(RenewRequest.self, body) { request in
                request.ttlSeconds.map(RequestBounds.ttlSeconds.contains) ?? true ? nil : "\(request)"
            }
                ?? Self.fault(AttachRequest.self, body) { $0.pid ?? 1 > 0 ? nil : "\($0)" }
                ?? Self.fault(TokenRequest.self, body) { request in
                    request.wish.terms.maxPorts.map(RequestBounds.quota.contains) ?? true ? nil : "\(request)"
                }
                ?? Self.fault(SessionRequest.self, body) { request in
                    if case .seconds(let ttl) = request.ttl, !RequestBounds.ttlSeconds.contains(ttl) {
                        return "\(request)"
                    }
                    return nil
                }
                ?? Self.fault(BackupRequest.self, body) { request in
                    request.path.hasPrefix("/") && !request.path.utf8.contains(0) ? nil : "\(request)"
                }
                ?? Self.fault(ReapRequest.self, body) { _ in nil }
                ?? Self.fault(PruneRequest.self, body) { _ in nil }
        }
    }

    @Test func `are taken for JSON exactly where the grammar takes them`() {
        FuzzRun.bytes("JSON grammar", make: Self.mutated) { json in
            let expected = ReferenceJSON.verdict(json, depth: JSONSyntax.maxDepth)
            let verdict: ReferenceJSON.Verdict
            do throws(BerthError) {
                try JSONSyntax.check(json)
                verdict = .fine
            } catch {
                verdict = error.code == .invalidField ? .twice : .malformed
            }
            return verdict == expected ? nil : "\(verdict), by the grammar \(expected)"
        }
    }

    @Test func `with one wrong member name that one`() {
        FuzzRun.values("JSON one wrong member") { random in
            let (member, value) = random.pick(Self.wrong)
            let text = random.pick(
                Tokens.texts.filter { $0.unicodeScalars.contains { !$0.isASCII || $0.value < 0x20 } })
            let quoted = GeneratedGrant.quoted("a\(text)b", using: &random)
            return (member, value.replacing("TEXT", with: quoted).replacing("NUMBER", with: random.pick(Self.outside)))
        } fault: { member, value in
            let rest = ["session": "\"s\"", "count": "1"].filter { $0.key != member }.map { "\"\($0)\":\($1)" }
            let json = "{" + (rest + ["\"\(member)\":\(value)"]).joined(separator: ",") + "}"
            do {
                let read = try JSON.decode(LeaseRequest.self, from: Data(json.utf8))
                return "\(json) was taken: \(read)"
            } catch let error as BerthError {
                let isRight = error.code == .invalidField && error.fields.map(\.field) == [member]
                return isRight ? nil : "\(json): \(error), \(error.fields)"
            } catch {
                return "\(json): \(error)"
            }
        }
    }

    /// Members with what they cannot hold: `TEXT` is a name with something strange, `NUMBER` one that is out of bounds.
    private static let wrong = [
        ("session", "TEXT"), ("name", "TEXT"), ("pool", "TEXT"), ("agents", "[TEXT]"), ("agents", "[\"web\",TEXT]"),
        ("count", "NUMBER"), ("align", "NUMBER"), ("first_port", "NUMBER"), ("preferred_first_port", "NUMBER"),
        ("owner_pid", "NUMBER"), ("ttl_seconds", "NUMBER"), ("pinned", "NUMBER"), ("session", "NUMBER"),
        ("agents", "NUMBER"), ("labels", "NUMBER"), ("labels", "{\"k\":NUMBER}"), ("labels", "{\"k\":\"a\\u0000\"}"),
        ("labels", "{\"k\":\"a\u{202E}b\"}"), ("labels", "{\"a\u{2066}\":\"\"}"), ("labels", "{\"k\":\"\\u200f\"}"),
        ("labels", "{\"k\":\"\\u2028\"}"), ("labels", "{\"\":\"\"}"), ("count", "[[]]"), ("session", "{}"),
    ]

    private static let outside = [
        "0", "-0", "-1", "1.5", "1e400", "-1e400", "1e-400", "9223372036854775808",
        "1" + String(repeating: "0", count: 400),
        "18446744073709551616", "9223372036854775807", "0.5",
    ]

    // MARK: What must hold

    /// What is wrong with how a type reads the body.
    private static func fault<Value: Decodable>(
        _ type: Value.Type, _ body: Data, check: (Value) -> String?
    ) -> String? {
        do {
            return check(try JSON.decode(type, from: body)).map { "\(type): \($0)" }
        } catch let error as BerthError {
            let told = error.fields.reduce(error.message.utf8.count) { $0 + $1.detail.utf8.count + $1.field.utf8.count }
            guard [400, 422].contains(error.code.presentation.status) else { return "\(type): \(error)" }
            return told > 20_000 ? "\(type): tells \(told) bytes" : nil
        } catch {
            return "\(type): \(error)"
        }
    }

    /// Which of its bounds a wish breaks.
    private static func breach(_ grant: GrantRequest) -> String? {
        let letters = Set(GeneratedGrant.letters.joined().utf8).union("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
            .union("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let names = [grant.session.rawValue, grant.name?.rawValue ?? "a"]
        guard names.allSatisfy({ (1...128).contains($0.utf8.count) && letters.isSuperset(of: $0.utf8) }) else {
            return "names \(names)"
        }
        guard (1...65_535).contains(grant.count), (1...65_535).contains(grant.align) else { return "\(grant)" }
        guard Set(grant.agents).count == grant.agents.count, grant.agents.count <= grant.count else {
            return "\(grant)"
        }
        let scalars = grant.labels.flatMap { Array(($0.key + $0.value).unicodeScalars) }
        let isLabelled =
            grant.labels.count <= 16 && !scalars.contains { $0.value < 0x20 || steering.contains($0.value) }
        if case .seconds(let seconds) = grant.ttl, !RequestBounds.ttlSeconds.contains(seconds) { return "\(grant)" }
        return isLabelled ? nil : "labels \(grant.labels)"
    }

    /// Controls of direction and of lines, by their numbers in the Unicode standard.
    private static let steering = Set<UInt32>(
        [0x7F, 0x85, 0x9F, 0x61C, 0x200E, 0x200F] + Array(0x2028...0x202E) + Array(0x2066...0x2069))

    /// The wish, said plainly and read again.
    private static func reread(_ grant: GrantRequest) -> GrantRequest? {
        var random = SplitMix64(seed: 1)
        let json = GeneratedGrant.json(grant, using: &random)
        return (try? JSON.decode(LeaseRequest.self, from: Data(json)))?.grant
    }
}
