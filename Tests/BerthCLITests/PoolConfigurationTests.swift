import BerthCommandLine
import BerthCore
import Testing

@Suite struct `Configuring pools` {
    private func pools(_ texts: String...) throws -> [Pool] {
        try Configurations.load(Configurations.flags { $0.pools = texts }).pools
    }

    @Test func `takes several ranges and several pools`() throws {
        let pools = try pools("web=20000-20999,22000-22999", "db=25432")
        #expect(pools.map(\.name.rawValue) == ["web", "db"])
        #expect(pools.map { $0.ranges.map(\.description) } == [["20000-20999", "22000-22999"], ["25432"]])
    }

    @Test(arguments: [
        "web=20000-20999 db=21000-21999", "web=20000-20999;db=21000-21999", " web=20000-20999 ; db=21000-21999 ",
    ])
    func `takes several pools from the environment`(text: String) throws {
        let pools = try Configurations.load(environment: ["BERTH_POOL": text]).pools
        #expect(pools.map(\.name.rawValue) == ["web", "db"])
        #expect(pools.map(\.ranges.description) == ["[20000-20999]", "[21000-21999]"])
    }

    @Test func `leaves out what browsers refuse, in every pool`() throws {
        let pool = try #require(try pools("low=5059-5062").first)
        #expect(pool.ports.map(\.number) == [5059, 5062])
    }

    @Test func `adds up what is excluded`() throws {
        let yaml = "pools: { default: { ports: [20000-20009], exclude: [20001, 20003-20004] } }"
        let configuration = try Configurations.load(
            Configurations.flags { $0.excluded = ["20000", "20008-20009"] },
            environment: ["BERTH_CONFIG": "/b.yaml"], files: ["/b.yaml": yaml])
        #expect(configuration.pools.first?.ports.map(\.number) == [20_002, 20_005, 20_006, 20_007])
    }

    @Test func `keeps the file's settings of a pool whose ports a flag names`() throws {
        let yaml = """
            pools:
              default: { ports: [20000-20009], max_block: 4, default_ttl_seconds: 60, quarantine_seconds: 0 }
              other: { ports: [21000-21009] }
            """
        let configuration = try Configurations.load(
            Configurations.flags { $0.pools = ["default=30000-30009"] },
            environment: ["BERTH_CONFIG": "/b.yaml"], files: ["/b.yaml": yaml])
        let pool = try #require(configuration.pools.first)
        #expect(configuration.pools.count == 1)
        #expect(pool.ranges.map(\.description) == ["30000-30009"])
        #expect(pool.maxBlock == 4)
        #expect(pool.defaultTTLSeconds == 60)
        #expect(pool.quarantineSeconds == 0)
    }

    @Test func `gives the default pool its usual ports when the file names none`() throws {
        let pool = try #require(try Configurations.load(yaml: "pools: { default: { max_block: 8 } }").pools.first)
        #expect(pool.ranges.map(\.description) == ["20000-29999"])
        #expect(pool.maxBlock == 8)
    }

    @Test(arguments: [
        "web", "=20000-20999", "Web=20000-20999", "web=", "web=20999-20000", "web=0-10", "web=1-65536", "web=a-b",
        "web=20000-20999,", "web=20000--20999", "web=5060", "web=99999999999999999999",
    ])
    func `refuses what is no pool`(text: String) {
        let complaint = Configurations.complaint { try Configurations.load(Configurations.flags { $0.pools = [text] }) }
        #expect(complaint?.hasPrefix("--pool: ") == true)
    }

    @Test func `names both pools that overlap`() {
        let complaint = Configurations.complaint {
            try Configurations.load(Configurations.flags { $0.pools = ["web=20000-20999", "db=20999-21999"] })
        }
        #expect(complaint == "--pool: the pools 'web' and 'db' overlap: 20000-20999 and 20999-21999")
    }

    @Test func `refuses a pool that overlaps itself or is named twice`() {
        let itself = Configurations.complaint {
            try Configurations.load(Configurations.flags { $0.pools = ["web=20000-20999,20500-21000"] })
        }
        #expect(itself?.contains("two ranges of the pool 'web' overlap") == true)
        let twice = Configurations.complaint {
            try Configurations.load(Configurations.flags { $0.pools = ["web=20000-20999", "web=21000-21999"] })
        }
        #expect(twice?.contains("'web' is named twice") == true)
    }
}
