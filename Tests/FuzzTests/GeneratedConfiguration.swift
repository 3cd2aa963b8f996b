import BerthTestSupport

/// Configuration files, as what they say and as the YAML that says it.
struct GeneratedConfiguration {
    struct Pool {
        var name: String
        var ranges: [ClosedRange<Int>]
        var maxBlock: Int?
        var ttlSeconds: Int?
        var quarantineSeconds: Double?
        var isFIFO: Bool?
    }

    var database: String?
    var listen: String?
    var maxSessions: Int?
    var maxWaiting: Int?
    var retainDays: Int?
    var hosts: [String] = []
    var pools: [Pool] = []
    var templates: [GeneratedTemplate] = []

    init(using random: inout SplitMix64) {
        database = random.pick([nil, "/var/lib/berth/berth.db", "/tmp/a b/é.db"])
        listen = random.pick([nil, "none", "127.0.0.1:7117", "[::1]:0"])
        maxSessions = random.pick([nil, 1, 1_000_000])
        maxWaiting = random.pick([nil, 0, 77])
        retainDays = random.pick([nil, 1, 36_500])
        hosts = random.pick([[], ["berth.test"], ["berth.test:7117", "[::1]"]])
        var first = 20_000
        for name in ["default", "web", "a-1"].prefix(random.pick([0, 1, 2, 3])) {
            var ranges: [ClosedRange<Int>] = []
            for _ in 0..<random.pick([1, 1, 2, 4]) {
                let last = first + random.pick([0, 9, 99])
                ranges.append(first...last)
                first = last + random.pick([1, 2, 50])
            }
            pools.append(
                Pool(
                    name: name, ranges: ranges, maxBlock: random.pick([nil, 1, 65_535]),
                    ttlSeconds: random.pick([nil, 1, 315_360_000]),
                    quarantineSeconds: random.pick([nil, 0, 0.5, 86_400]),
                    isFIFO: random.pick([nil, true, false])))
        }
        // Each takes one port at least, and any pool has that.
        for name in ["t", "fantasy-draft"].prefix(random.pick([0, 0, 1, 2])) {
            templates.append(GeneratedTemplate(name: name, pool: pools.first?.name, using: &random))
        }
    }

    /// The file, with comments, quotes and both styles of lists here and there.
    func yaml(using random: inout SplitMix64) -> [UInt8] {
        var lines: [String] = random.happens(inPercent: 20) ? ["---", "# of Berth"] : []
        if let database { lines.append("database: \"\(database)\"") }
        if let listen { lines.append("listen: '\(listen)'") }
        var limits: [String] = []
        if let maxSessions { limits.append("max_sessions: \(maxSessions)") }
        if let maxWaiting { limits.append("max_waiting: \(maxWaiting)") }
        if !limits.isEmpty {
            lines +=
                random.happens(inPercent: 50)
                ? ["limits: { \(limits.joined(separator: ", ")) }"] : ["limits:"] + limits.map { "  \($0)" }
        }
        if let retainDays { lines.append("audit: { retain_days: \(retainDays) }") }
        if !hosts.isEmpty { lines += ["allowed_hosts:"] + hosts.map { "  - \"\($0)\"" } }
        if !pools.isEmpty { lines.append("pools:") }
        for pool in pools { lines += Self.lines(of: pool, using: &random) }
        if !templates.isEmpty { lines.append("templates:") }
        for template in templates { lines += template.lines(using: &random) }
        return Array((lines.joined(separator: random.happens(inPercent: 10) ? "\r\n" : "\n") + "\n").utf8)
    }

    private static func lines(of pool: Pool, using random: inout SplitMix64) -> [String] {
        let texts = pool.ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        var lines = ["  \(pool.name):   # a pool"]
        lines +=
            random.happens(inPercent: 50)
            ? ["    ports: [\(texts.joined(separator: ", "))]"] : ["    ports:"] + texts.map { "      - \"\($0)\"" }
        if let maxBlock = pool.maxBlock { lines.append("    max_block: \(maxBlock)") }
        if let ttl = pool.ttlSeconds { lines.append("    default_ttl_seconds: \(ttl)") }
        if let quarantine = pool.quarantineSeconds { lines.append("    quarantine_seconds: \(quarantine)") }
        if let isFIFO = pool.isFIFO { lines.append("    queue: \(isFIFO ? "fifo" : "best-effort")") }
        return lines
    }
}
