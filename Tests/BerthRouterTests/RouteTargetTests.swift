import BerthTestSupport
import Testing

@testable import BerthRouter

@Suite struct `The target of a routed request` {
    private func agent(_ target: String, host: String = "127.0.0.1:7118") -> RouteTarget? {
        guard case .agent(let found) = TargetReading(target: target, host: AgentHost(host)) else { return nil }
        return found
    }

    @Test func `names session and agent, and the rest is the agent's`() {
        let target = agent("/s/alice/planner/a/b?c=/d")
        #expect(target?.session == .name("alice"))
        #expect(target?.agent == "planner")
        #expect(target?.path == "/a/b?c=/d")
        #expect(target?.prefix == "/s/alice/planner")
    }

    @Test func `takes a session's name apart only where a slash stands as it is`() {
        let target = agent("/s/team%2Falice%40x/planner/%2F..%2f?q=%20")
        #expect(target?.session == .name("team/alice@x"))
        #expect(target?.path == "/%2F..%2f?q=%20")
        #expect(target?.prefix == "/s/team%2Falice%40x/planner")
    }

    @Test func `asks for the slash behind the agent`() {
        #expect(TargetReading(target: "/s/alice/planner", host: nil) == .redirect("/s/alice/planner/"))
        #expect(TargetReading(target: "/s/alice/planner?a=b", host: nil) == .redirect("/s/alice/planner/?a=b"))
    }

    @Test(arguments: [
        "", "/", "/s", "/s/", "/s/alice", "/s/alice/", "/s//planner/", "/s/alice//x", "/x/alice/planner/",
        "/S/alice/planner/",
        "/s/ali%2/planner/", "/s/ali%zz/planner/", "/s/a%00b/planner/", "/s/%ff/planner/", "/s/alice/Planner/",
        "/s/a b/planner/",
        "/s/alice?/planner/", "//s/alice/planner/", "*",
    ])
    func `is nothing where it names no agent`(target: String) {
        #expect(TargetReading(target: target, host: nil) == .nothing)
    }

    @Test func `is the agent's whole where the host names it`() {
        let target = agent("/s/alice/planner/", host: "planner.alice.localhost:7118")
        #expect(target?.session == .label("alice"))
        #expect(target?.agent == "planner")
        #expect(target?.path == "/s/alice/planner/")
        #expect(target?.prefix == "")
    }

    @Test func `takes hosts that name an agent exactly`() {
        #expect(AgentHost("Planner.ALICE.localhost")?.agent == "planner")
        #expect(AgentHost("planner.alice.localhost:7118")?.port == 7118)
        for host in [
            "localhost", "alice.localhost", "a.b.c.localhost", "planner.alice.localhost.",
            "planner.alice.localhost.evil.example",
            "planner.alice.localhost:", "planner.alice.localhost:0", "planner.alice.localhost:65536",
            "planner.alice.localhost:+80",
            "planner..localhost", ".alice.localhost", "plan_ner.alice.localhost", "planner.al ice.localhost",
            "planner.alice.evil", "planner.alice.localhost:80:80", "u@planner.alice.localhost",
        ] {
            #expect(AgentHost(host) == nil, "\(host)")
        }
    }
}
