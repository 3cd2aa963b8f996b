import BerthCommandLine
import BerthCore
import Testing

@Suite struct `Layers of a configuration` {
    private let yaml = """
        database: /file/b.db
        socket: /file/s
        token_file: /file/t
        listen: 127.0.0.1:1
        log_level: error
        log_format: json
        allowed_hosts: [file.example]
        pools: { default: { ports: [21000-21999], quarantine_seconds: 0.5 } }
        limits: { max_sessions: 1, max_ports_per_session: 2, max_waiting: 0, ticket_idle_seconds: 9 }
        audit: { retain_days: 90 }
        """

    private let environment = [
        "BERTH_CONFIG": "/b.yaml", "BERTH_DATABASE": "/env/b.db", "BERTH_SOCKET": "/env/s",
        "BERTH_TOKEN_FILE": "/env/t", "BERTH_LISTEN": "127.0.0.1:2", "BERTH_LOG_LEVEL": "trace",
        "BERTH_LOG_FORMAT": "text", "BERTH_POOL": "env=22000-22999", "BERTH_MAX_SESSIONS": "11",
        "BERTH_MAX_PORTS_PER_SESSION": "12", "BERTH_MAX_WAITING": "13", "BERTH_QUARANTINE": "1.5",
    ]

    private let flags = Configurations.flags {
        $0.database = "/flag/b.db"
        $0.socket = "/flag/s"
        $0.tokenFile = "/flag/t"
        $0.listen = "127.0.0.1:3"
        $0.logLevel = "warning"
        $0.logFormat = "json"
        $0.pools = ["flag=23000-23999"]
        $0.maxSessions = 21
        $0.maxPortsPerSession = 22
        $0.maxWaiting = 23
        $0.quarantineSeconds = 0
        $0.allowedHosts = ["flag.example"]
    }

    @Test func `has the defaults where nobody says anything`() throws {
        let configuration = try Configurations.load()
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 7117, isDefault: true))
        #expect(configuration.limits == Limits(maxSessions: 1000, maxPortsPerSession: 1000, maxWaiting: 10_000))
        #expect(configuration.limits.ticketIdleSeconds == 60)
        #expect(configuration.auditRetainDays == nil)
        #expect(configuration.logLevel == "info")
        #expect(configuration.logFormat == .text)
        #expect(configuration.allowedHosts.isEmpty)
        let pool = try #require(configuration.pools.first)
        #expect(configuration.pools.count == 1)
        #expect(pool.name == .standard)
        #expect(pool.ranges.map(\.description) == ["20000-29999"])
        #expect(pool.maxBlock == 256)
        #expect(pool.defaultTTLSeconds == 3600)
        #expect(pool.quarantineSeconds == 2)
    }

    @Test func `takes the file over the defaults`() throws {
        let configuration = try Configurations.load(yaml: yaml)
        #expect(configuration.database == "/file/b.db")
        #expect(configuration.socket == "/file/s")
        #expect(configuration.tokenFile == "/file/t")
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 1))
        #expect(
            configuration.limits == Limits(maxSessions: 1, maxPortsPerSession: 2, maxWaiting: 0, ticketIdleSeconds: 9))
        #expect(configuration.auditRetainDays == 90)
        #expect(configuration.logLevel == "error")
        #expect(configuration.logFormat == .json)
        #expect(configuration.allowedHosts == ["file.example"])
        #expect(configuration.pools.map(\.ranges.description) == ["[21000-21999]"])
        #expect(configuration.pools.map(\.quarantineSeconds) == [0.5])
    }

    @Test func `takes the environment over the file`() throws {
        let configuration = try Configurations.load(environment: environment, files: ["/b.yaml": yaml])
        #expect(configuration.database == "/env/b.db")
        #expect(configuration.socket == "/env/s")
        #expect(configuration.tokenFile == "/env/t")
        #expect(configuration.listen?.port == 2)
        #expect(
            configuration.limits
                == Limits(maxSessions: 11, maxPortsPerSession: 12, maxWaiting: 13, ticketIdleSeconds: 9))
        #expect(configuration.logLevel == "trace")
        #expect(configuration.logFormat == .text)
        #expect(configuration.pools.map(\.name.rawValue) == ["env"])
        #expect(configuration.pools.map(\.quarantineSeconds) == [1.5])
    }

    @Test func `takes flags over everything`() throws {
        let configuration = try Configurations.load(flags, environment: environment, files: ["/b.yaml": yaml])
        #expect(configuration.database == "/flag/b.db")
        #expect(configuration.socket == "/flag/s")
        #expect(configuration.tokenFile == "/flag/t")
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 3))
        #expect(
            configuration.limits
                == Limits(maxSessions: 21, maxPortsPerSession: 22, maxWaiting: 23, ticketIdleSeconds: 9))
        #expect(configuration.logLevel == "warning")
        #expect(configuration.logFormat == .json)
        #expect(configuration.allowedHosts == ["flag.example"])
        #expect(configuration.pools.map(\.name.rawValue) == ["flag"])
        #expect(configuration.pools.map(\.quarantineSeconds) == [0])
    }

    @Test func `takes an empty variable for none`() throws {
        let empty = environment.mapValues { $0 == "/b.yaml" ? $0 : "" }
        let configuration = try Configurations.load(environment: empty, files: ["/b.yaml": yaml])
        #expect(configuration.database == "/file/b.db")
        #expect(configuration.limits.maxSessions == 1)
        #expect(configuration.pools.map(\.quarantineSeconds) == [0.5])
    }

    @Test(arguments: [
        ("BERTH_MAX_SESSIONS", "0"), ("BERTH_MAX_SESSIONS", "many"), ("BERTH_MAX_PORTS_PER_SESSION", "-1"),
        ("BERTH_MAX_WAITING", "1.5"), ("BERTH_QUARANTINE", "-1"), ("BERTH_QUARANTINE", "nan"),
        ("BERTH_QUARANTINE", "inf"), ("BERTH_QUARANTINE", "2s"), ("BERTH_LOG_LEVEL", "loud"),
        ("BERTH_LOG_FORMAT", "xml"), ("BERTH_LISTEN", "7117"), ("BERTH_DATABASE", "/folder/"),
    ])
    func `names the variable that is wrong`(variable: String, value: String) {
        let complaint = Configurations.complaint { try Configurations.load(environment: [variable: value]) }
        #expect(complaint?.hasPrefix("\(variable): ") == true)
    }

    @Test func `names the flag that is wrong`() {
        let wrong: [(String, (inout ServeFlags) -> Void)] = [
            ("--max-sessions", { $0.maxSessions = 0 }), ("--max-ports-per-session", { $0.maxPortsPerSession = 0 }),
            ("--max-waiting", { $0.maxWaiting = -1 }), ("--quarantine", { $0.quarantineSeconds = 1e9 }),
            ("--listen", { $0.listen = "x" }), ("--log-level", { $0.logLevel = "x" }),
            ("--log-format", { $0.logFormat = "x" }), ("--allowed-host", { $0.allowedHosts = ["http://x"] }),
            ("--pool", { $0.pools = ["x"] }), ("--exclude", { $0.excluded = ["x"] }),
        ]
        for (flag, change) in wrong {
            let complaint = Configurations.complaint { try Configurations.load(Configurations.flags(change)) }
            #expect(complaint?.hasPrefix("\(flag): ") == true, "\(flag) gave \(complaint ?? "no complaint")")
        }
    }
}
