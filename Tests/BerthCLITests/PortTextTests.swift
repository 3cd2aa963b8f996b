import BerthAPI
import BerthCommandLine
import BerthCore
import FoundationEssentials
import Testing

@Suite struct `Explaining a port` {
    private let now = Instant(milliseconds: 1_000_000_000_000)
    private let plain = TerminalStyle(isTerminal: false, environment: [:])

    private func ago(_ seconds: Int64) -> String { now.advanced(byMilliseconds: -seconds * 1000).description }

    private func lease(_ state: String = "active") -> LeaseResource {
        let isActive = state == "active"
        return LeaseResource(
            id: 17, session: "alice", name: "agents", pool: "default", firstPort: 20_010, count: 2,
            ports: [20_010, 20_011], state: state, principal: "uid:1000",
            owner: OwnerResource(pid: 4242, startedAt: nil, alive: isActive),
            agents: [
                AgentResource(name: "team-1", port: 20_010, state: "running", pid: 4250),
                AgentResource(name: "team-2", port: 20_011, state: "exited", pid: 4251),
            ], labels: [:], pinned: false, createdAt: ago(600), renewedAt: ago(600), expiresAt: nil,
            endedAt: isActive ? nil : ago(5), endReason: isActive ? nil : "process 4242 is gone")
    }

    private func listener(_ pid: Int32?, _ command: String?) -> ListenerResource {
        ListenerResource(PortListener(transport: .tcp, address: "127.0.0.1", pid: pid, command: command))
    }

    private func lines(_ port: PortResource) -> [String] {
        port.explanation(now: now, plain).split(separator: "\n").map(String.init)
    }

    @Test func `tells whose a leased port is, and what listens there`() {
        let port = PortResource(
            port: 20_010, pool: "default", state: "leased", lease: lease(), listeners: [listener(4250, "node")],
            since: ago(600), reason: "leased by alice")
        #expect(
            lines(port) == [
                "Port       20010", "State      leased", "Pool       default",
                "Since      \(ago(600)) (10m ago)", "Why        leased by alice",
                "Lease      17, ports 20010-20011", "Session    alice, lease named agents", "Principal  uid:1000",
                "Leased     \(ago(600)) (10m ago)", "Expires    never", "Owner      process 4242, alive",
                "Agent      team-1 on 20010, running, process 4250",
                "Agent      team-2 on 20011, exited, process 4251",
                "Bound by   process 4250 (node) on tcp 127.0.0.1",
            ])
    }

    @Test func `tells which process keeps a port in quarantine, and which lease ended how`() {
        let port = PortResource(
            port: 20_010, pool: "default", state: "quarantined", lease: nil,
            listeners: [listener(555, "python3"), listener(555, "python3"), listener(nil, nil)], since: ago(5),
            reason: "lease 17 was orphaned", restsUntil: ago(3), lastLease: lease("orphaned"))
        let lines = lines(port)
        #expect(lines.contains("State          quarantined: it is not granted yet"))
        #expect(lines.contains("Why            lease 17 was orphaned"))
        #expect(lines.contains("Rests until    \(ago(3)) (3s ago), and as long as it is bound"))
        #expect(lines.contains("Last lease     17 of session alice, named agents, ports 20010-20011"))
        #expect(lines.contains("Ended          orphaned \(ago(5)) (5s ago): process 4242 is gone"))
        #expect(
            lines.filter { $0.hasPrefix("Still held by") } == [
                "Still held by  process 555 (python3) on tcp 127.0.0.1",
                "Still held by  a process that only its own user or root can see on tcp 127.0.0.1",
            ])
    }

    @Test func `tells apart what is free, a stranger's, another user's and in no pool`() {
        func last(_ state: String, _ listeners: [ListenerResource] = []) -> [String] {
            let pool = state == "unmanaged" ? nil : "default"
            return lines(PortResource(port: 1, pool: pool, state: state, lease: nil, listeners: listeners))
        }
        #expect(last("free") == ["Port      1", "State     free", "Pool      default", "Bound by  nothing"])
        #expect(last("foreign", [listener(9, "nc")]).last == "Bound by  process 9 (nc) on tcp 127.0.0.1")
        #expect(last("foreign").last == "Bound by  nothing that you may see")
        #expect(last("leased").suffix(2) == ["Lease     another user's", "Bound by  nothing that you may see"])
        #expect(last("unmanaged").contains("State     unmanaged: it is in no pool"))
    }

    @Test func `reads an answer that lacks the newer members`() throws {
        let text = #"{"port": 1, "pool": null, "state": "unmanaged", "lease": null, "listeners": []}"#
        let port = try JSONDecoder().decode(PortResource.self, from: Data(text.utf8))
        #expect(port.since == nil && port.lastLease == nil)
        let again = try JSONText.line(port, isPretty: false)
        #expect(again.contains("\"last_lease\":null") && again.contains("\"rests_until\":null"))
    }
}
