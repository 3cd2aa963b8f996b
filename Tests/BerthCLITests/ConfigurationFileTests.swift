import BerthCommandLine
import BerthCore
import Testing

@Suite struct `Reading the configuration file` {
    @Test func `takes the documented example`() throws {
        let configuration = try Configurations.load(
            yaml: """
                # berth.yaml: everything optional
                pools:
                  default: { ports: [20000-29999], exclude: [20080], max_block: 256, default_ttl_seconds: 3600, quarantine_seconds: 2 }
                limits: { max_sessions: 1000, max_ports_per_session: 1000, max_waiting: 10000, ticket_idle_seconds: 60 }
                audit: { retain_days: 90 }
                listen: 127.0.0.1:7117
                """)
        let pool = try #require(configuration.pools.first)
        let excluded = try #require(Port(20_080))
        #expect(pool.excluded.contains(excluded))
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 7117))
        #expect(configuration.auditRetainDays == 90)
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "limits:\npools:\naudit:\n"])
    func `takes a file that says nothing`(yaml: String) throws {
        let configuration = try Configurations.load(yaml: yaml)
        #expect(configuration.pools.map(\.name.rawValue) == ["default"])
        #expect(configuration.limits == Limits())
    }

    static let wrong: [(line: Int, yaml: String, words: String)] = [
        (2, "listen: none\nlisten_on: x", "no key 'listen_on'"),
        (3, "limits:\n  max_waiting: 5\n  max_session: 1", "no key 'max_session'"),
        (2, "audit:\n  retain: 5", "no key 'retain'"),
        (2, "pools:\n  default: { port: [1-2] }", "no key 'port'"),
        (1, "limits: { max_sessions: '5' }", "'max_sessions' must be a whole number"),
        (1, "limits: { max_sessions: 0 }", "'max_sessions' must be a whole number from 1"),
        (1, "limits: { max_sessions: 1.5 }", "'max_sessions' must be a whole number"),
        (1, "limits: { max_sessions: yes }", "'max_sessions' must be a whole number"),
        (1, "limits: [1]", "'limits' must be a mapping"),
        (1, "- a", "the configuration must be a mapping"),
        (1, "listen: 7117", "'listen' must be a text"),
        (1, "listen: '7117'", "'7117' is no address"),
        (2, "database: /d/b.db\nsocket: { a: b }", "'socket' must be a text"),
        (1, "allowed_hosts: localhost", "'allowed_hosts' must be a list"),
        (1, "allowed_hosts: ['a/b']", "'a/b' is no host"),
        (1, "log_level: loud", "'loud' is no log level"),
        (1, "log_format: xml", "'xml' is no log format"),
        (3, "pools:\n  default:\n    ports: 20000-29999", "'ports' must be a list"),
        (2, "pools:\n  web: { ports: [] }", "the pool 'web' has no ports"),
        (2, "pools:\n  web: { max_block: 4 }", "the pool 'web' needs ports"),
        (2, "pools:\n  Web: { ports: [20000] }", "'Web' is no name for a pool"),
        (5, "pools:\n  web:\n    ports:\n      - 20000-20999\n      - 70000", "'70000' leaves the ports there are"),
        (1, "pools: { web: { ports: [20999-20000] } }", "the range '20999-20000' is empty"),
        (1, "pools: { web: { ports: [20000], exclude: [x] } }", "'x' is neither a port nor a range"),
        (1, "pools: { web: { ports: [20000], exclude: [20000] } }", "all ports of the pool 'web' are excluded"),
        (3, "pools:\n  web: { ports: [20000-20999] }\n  db: { ports: [20500] }", "the pools 'web' and 'db' overlap"),
        (2, "pools:\n  web: { ports: [20000], quarantine_seconds: -1 }", "'quarantine_seconds' must be a number"),
        (2, "pools:\n  web: { ports: [20000], quarantine_seconds: .nan }", "'quarantine_seconds' must be a number"),
        (2, "pools:\n  web: { ports: [20000], default_ttl_seconds: 0 }", "'default_ttl_seconds' must be a whole"),
        (1, "limits: { max_sessions: 1, max_sessions: 2 }", "a key stands here more than once: max_sessions"),
        (2, "listen: none\nlimits: {", "this is no YAML"),
    ]

    @Test(arguments: wrong)
    func `says on which line what is wrong`(line: Int, yaml: String, words: String) throws {
        let complaint = try #require(Configurations.complaint { try Configurations.load(yaml: yaml) })
        #expect(complaint.contains(words))
        #expect(complaint.hasPrefix("/b.yaml, line \(line): "), "\(complaint)")
    }
}
