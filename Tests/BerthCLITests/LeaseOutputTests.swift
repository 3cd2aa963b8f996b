import BerthAPI
import BerthCommandLine
import BerthCore
import FoundationEssentials
import Testing

@Suite struct `Printing leases` {
    private let now = Instant(milliseconds: 1_000_000_000_000)

    private func lease(
        ports: [Int] = [20_010, 20_011], state: String = "active", expiresIn seconds: Int64? = 3599,
        agents: [AgentResource] = [], endedAt: String? = nil
    ) -> LeaseResource {
        LeaseResource(
            id: 17, session: "alice/a", name: "agents", pool: "default", firstPort: ports[0], count: ports.count,
            ports: ports, state: state, principal: "uid:1000", owner: nil, agents: agents, labels: [:], pinned: false,
            createdAt: now.description, renewedAt: now.description,
            expiresAt: seconds.map { now.advanced(byMilliseconds: $0 * 1000).description }, endedAt: endedAt,
            endReason: nil)
    }

    @Test func `exports every variable to a shell`() {
        let agents = [AgentResource(name: "team-1", port: 20_010, state: "reserved", pid: nil)]
        #expect(
            LeaseVariables(lease(agents: agents)).shell == """
                export PORT=20010
                export PORT_1=20010
                export PORT_2=20011
                export HOST=127.0.0.1
                export BERTH_LEASE=17
                export BERTH_SESSION=alice/a
                export BERTH_PORTS='20010 20011'
                export USER_PORT_1=20010
                export USER_PORT_2=20011
                export TEAM_1_PORT=20010

                """)
    }

    @Test func `writes the same for a dotenv file`() {
        let lines = LeaseVariables(lease()).dotenv.split(separator: "\n")
        #expect(lines.contains("PORT=20010"))
        #expect(lines.contains("BERTH_PORTS=\"20010 20011\""))
        #expect(LeaseVariables(lease(ports: [20_010])).dotenv.contains("BERTH_PORTS=20010\n"))
    }

    @Test func `makes no variable that a shell cannot read`() {
        let agents = [AgentResource(name: "1st", port: 20_010, state: "reserved", pid: nil)]
        #expect(!LeaseVariables(lease(agents: agents)).shell.contains("1ST"))
    }

    @Test func `aligns a table and tells when leases expire`() {
        let plain = TerminalStyle(isTerminal: false, environment: [:])
        let ended = lease(
            ports: [20_020], state: "expired", endedAt: now.advanced(byMilliseconds: -300_000).description)
        #expect(
            TextTable.leases([lease(), lease(expiresIn: nil), ended], now: now).text(plain) == """
                ID  SESSION  NAME    POOL     PORTS        STATE    OWNER  EXPIRES
                17  alice/a  agents  default  20010-20011  active   -      in 59m
                17  alice/a  agents  default  20010-20011  active   -      never
                17  alice/a  agents  default  20020        expired  -      ended 5m ago

                """)
    }

    @Test func `colours only a terminal that wants it`() {
        let table = TextTable.leases([lease()], now: now)
        #expect(table.text(TerminalStyle(isTerminal: true, environment: [:])).contains("\u{1B}[32mactive\u{1B}[0m"))
        #expect(table.text(TerminalStyle(isTerminal: true, environment: ["NO_COLOR": ""])).contains("\u{1B}["))
        for environment in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
            #expect(!table.text(TerminalStyle(isTerminal: true, environment: environment)).contains("\u{1B}"))
        }
        #expect(!table.text(TerminalStyle(isTerminal: false, environment: [:])).contains("\u{1B}"))
    }

    @Test func `prints the API's object on one line for programs`() throws {
        let text = try JSONText.line(lease(expiresIn: nil), isPretty: false)
        #expect(text.hasSuffix("}\n"))
        #expect(text.split(separator: "\n").count == 1)
        #expect(text.contains("\"expires_at\":null"))
        #expect(text.contains("\"session\":\"alice/a\""))
        #expect(try JSONDecoder().decode(LeaseResource.self, from: Data(text.utf8)) == lease(expiresIn: nil))
    }

    @Test(
        arguments: [
            (59_999, "in 59s"), (3_599_000, "in 59m"), (5_400_000, "in 1h30m"), (999, "now"), (-999, "now"),
            (-1000, "1s ago"), (-90_000_000, "1d1h ago"),
        ] as [(Int64, String)])
    func `tells moments from now`(milliseconds: Int64, text: String) {
        #expect(RelativeTime.text(now.advanced(byMilliseconds: milliseconds).description, now: now) == text)
    }

    @Test func `says what to do before a lease expires`() {
        #expect(lease(expiresIn: 300).expiryNotice(now: now).contains("expires in 5m"))
        #expect(lease(expiresIn: 300).expiryNotice(now: now).hasSuffix("berth renew 17"))
        #expect(lease(expiresIn: nil).expiryNotice(now: now).hasSuffix("berth release 17"))
    }
}
