import BerthCore
import BerthTestSupport
import Testing

@testable import BerthRouter

@Suite struct `A session as a host name` {
    private func label(_ name: String) throws -> String {
        SessionLabel(try #require(SessionName(rawValue: name))).description
    }

    @Test(arguments: ["alice", "a", "7", "draft-2026", String(repeating: "a", count: 63)])
    func `keeps a name that is a label already`(name: String) throws {
        #expect(try label(name) == name)
    }

    @Test(arguments: [
        ("Alice", "alice-"), ("alice@example.com", "alice-example-com-"), ("repo/branch:1", "repo-branch-1-"),
        ("-", "s-"), ("...", "s-"), ("xn--abc", "xn--abc-"), ("a-", "a-"), ("user_1", "user-1-"),
        (String(repeating: "A", count: 128), String(repeating: "a", count: 54) + "-"),
    ])
    func `makes a label of any other`(name: String, head: String) throws {
        let label = try label(name)
        #expect(label.hasPrefix(head))
        #expect(label.count == head.count + 8)
        #expect(label.utf8.count <= 63)
        #expect(label.wholeMatch(of: /[a-z0-9]([a-z0-9-]*[a-z0-9])?/) != nil)
    }

    @Test func `gives no name the label of another`() throws {
        let hashed = try label("Alice")
        #expect(try label(hashed) != hashed)
        var seen: [String: String] = [:]
        var random = SplitMix64(seed: 8)
        let alphabet = Array("aA0-_.:@/b")
        for _ in 0..<20_000 {
            let name = String(
                (0..<Int.random(in: 1...6, using: &random)).map { _ in alphabet[Int.random(in: 0..<10, using: &random)]
                })
            let label = try label(name)
            #expect(seen[label] == nil || seen[label] == name, "\(name) and \(seen[label] ?? "")")
            seen[label] = name
        }
    }
}
