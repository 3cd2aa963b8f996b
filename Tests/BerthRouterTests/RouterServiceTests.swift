import BerthCore
import BerthRouter
import BerthTestSupport
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite struct `A router` {
    private static func ok(_ body: String, _ fields: String = "") -> ScriptedAgent.Reply {
        .answer("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }

    private func statuses(_ text: String) -> [String] {
        text.components(separated: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
    }

    @Test func `says nothing on a connection that was open when its lease had ended`() async throws {
        let agent = try await ScriptedAgent.start { _, _ in Self.ok("never") }
        try await RouterBench.with(agent) { bench in
            // It lives when the connection is begun, and has ended once it is open.
            bench.table.state.withLock { $0.lives = [true, false] }
            let answer = try await bench.ask("GET /s/alice/planner/")
            #expect(statuses(answer) == ["502"] && answer.hasSuffix("agent-unreachable"))
            #expect(await eventually { agent.connections == 1 })
            #expect(agent.lines.isEmpty)
            #expect(bench.table.state.withLock { $0.begun == 1 && $0.finished == 1 })
        }
    }

    @Test func `makes no connection for a lease that has ended`() async throws {
        let agent = try await ScriptedAgent.start { _, _ in Self.ok("never") }
        try await RouterBench.with(agent) { bench in
            bench.table.state.withLock { $0.lives = [false] }
            let answer = try await bench.ask("GET /s/alice/planner/")
            #expect(statuses(answer) == ["502"])
            #expect(agent.connections == 0)
        }
    }

    @Test func `uses a connection again, but for no other lease than its own`() async throws {
        let agent = try await ScriptedAgent.start { _, number in Self.ok("\(number)") }
        try await RouterBench.with(agent) { bench in
            let answers = try await bench.ask(
                "GET /s/alice/planner/1", "POST /s/alice/planner/2", "GET /s/alice/planner/3")
            #expect(statuses(answers) == ["200", "200", "200"])
            #expect(agent.connections == 1)
            bench.table.end()
            let late = try await bench.ask("GET /s/alice/planner/4")
            #expect(statuses(late) == ["502"])
            #expect(agent.lines.count == 3)
        }
    }

    @Test func `asks again only what may come twice`() async throws {
        // Each connection takes one request and is closed under the next.
        let agent = try await ScriptedAgent.start { _, number in number == 1 ? Self.ok("x") : .hangUp }
        try await RouterBench.with(agent) { bench in
            let safe = try await bench.ask("GET /s/alice/planner/1", "GET /s/alice/planner/2")
            #expect(statuses(safe) == ["200", "200"])
            #expect(agent.lines.map { $0.split(separator: " ")[1] } == ["/1", "/2", "/2"])
        }
        let other = try await ScriptedAgent.start { _, number in number == 1 ? Self.ok("x") : .hangUp }
        try await RouterBench.with(other) { bench in
            let unsafe = try await bench.ask("GET /s/alice/planner/1", "POST /s/alice/planner/2")
            #expect(statuses(unsafe) == ["200", "502"])
            #expect(other.lines.count == 2)
        }
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 2"])
    func `asks nothing again that was answered with something`(answer: String) async throws {
        let agent = try await ScriptedAgent.start { _, number in number == 1 ? Self.ok("x") : .answerAndHangUp(answer) }
        try await RouterBench.with(agent) { bench in
            let answers = try await bench.ask("GET /s/alice/planner/1", "DELETE /s/alice/planner/2")
            #expect(statuses(answers) == ["200", "502"])
            #expect(agent.lines.count == 2)
        }
    }

    @Test func `wakes a session for whom it belongs to, and for nobody else`() async throws {
        let agent = try await ScriptedAgent.start { _, _ in Self.ok("awake") }
        try await RouterBench.with(agent) { bench in
            bench.table.state.withLock { $0.isAsleep = true }
            let stranger = try await bench.ask(
                "GET /s/alice/planner/ HTTP/1.1\r\nHost: router\r\nConnection: close\r\n\r\nGET /")
            #expect(statuses(stranger) == ["401"])
            #expect(bench.table.state.withLock { $0.woken } == 0)
            let answer = try await bench.ask("GET /s/alice/planner/")
            #expect(statuses(answer) == ["200"] && answer.hasSuffix("awake"))
            #expect(bench.table.state.withLock { $0.woken } == 1)
        }
    }

    /// Makes answers of `/card` upper case.
    private struct Shouting: AnswerTransform {
        func wants(_ route: AgentRoute, path: String) -> Bool { path == "/card" }

        func transform(_ answer: WholeAnswer, of route: AgentRoute, path: String, at place: PublicPlace) -> WholeAnswer
        {
            var answer = answer
            answer.body = ByteBuffer(string: String(buffer: answer.body).uppercased() + place.prefix)
            answer.headers.replaceOrAdd(name: "ETag", value: "\"new\"")
            return answer
        }
    }

    @Test func `hands whole answers to whoever changes them`() async throws {
        let long = String(repeating: "x", count: RouterLimits().maxHeldBytes + 1)
        let agent = try await ScriptedAgent.start { line, _ in
            Self.ok(line.contains("long") ? long : "card", "ETag: \"old\"\r\n")
        }
        try await RouterBench.with(agent, transform: Shouting()) { bench in
            let answer = try await bench.ask("GET /s/alice/planner/card?x")
            #expect(answer.hasSuffix("\r\n\r\nCARD/s/alice/planner"))
            #expect(answer.contains("ETag: \"new\"") && answer.contains("Content-Length: 20"))
            let known = try await bench.ask("GET /s/alice/planner/card HTTP/1.1\r\nIf-None-Match: \"new\"\r\nX-Rest:")
            #expect(statuses(known) == ["304"])
            let head = try await bench.ask("HEAD /s/alice/planner/card")
            #expect(statuses(head) == ["200"] && !head.contains("ETag"))
            let unchanged = try await bench.ask("GET /s/alice/planner/card?long")
            #expect(unchanged.hasSuffix(long))
            let other = try await bench.ask("GET /s/alice/planner/other")
            #expect(other.hasSuffix("\r\n\r\ncard"))
        }
    }
}

extension String {
    fileprivate func components(separated separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
