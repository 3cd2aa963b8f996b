import BerthCore

/// The pools of a configuration.
///
/// Which pools there are is said by the uppermost layer that names any. A pool that the file names too keeps the
/// file's other settings. Excluded ports add up: the browsers' list, the pool's own in the file, and the flags'.
enum PoolLayers {
    private struct Definition {
        let name: PoolName
        let ranges: [PortBlock]
        let source: SettingSource
    }

    static func pools(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> [Pool] {
        let definitions = try definitions(flags, layers, file)
        try checkOverlaps(definitions)
        var excluded = portsThatBrowsersRefuse
        for text in flags.excluded {
            excluded.formUnion(try PortRangeText.block(text, .flag("--exclude")).ports)
        }
        let quarantine = try layers.seconds(
            flags.quarantineSeconds, "--quarantine", "BERTH_QUARANTINE", ConfigurationBounds.quarantineSeconds)
        var pools: [Pool] = []
        for definition in definitions {
            let settings = file.pools.first { $0.name.value == definition.name }
            let pool = Pool(
                name: definition.name, ranges: definition.ranges,
                excluded: excluded.union(settings?.excluded.flatMap(\.ports) ?? []),
                maxBlock: settings?.maxBlock?.value ?? 256,
                defaultTTLSeconds: Int64(settings?.defaultTTLSeconds?.value ?? 3600),
                quarantineSeconds: quarantine ?? settings?.quarantineSeconds?.value ?? 2,
                queue: settings?.queue ?? .fifo)
            guard !pool.runs.isEmpty else {
                throw .setting(definition.source, "all ports of the pool '\(pool.name)' are excluded")
            }
            pools.append(pool)
        }
        return pools
    }

    private static func definitions(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> [Definition] {
        var named = flags.pools.map { Setting($0, .flag("--pool")) }
        if named.isEmpty, let variable = layers.variable("BERTH_POOL") {
            named = variable.value.split { $0.isWhitespace || $0 == ";" }.map { Setting(String($0), variable.source) }
        }
        var definitions: [Definition] = []
        for text in named { definitions.append(try definition(text)) }
        if definitions.isEmpty {
            for pool in file.pools { definitions.append(try definition(pool)) }
        }
        if definitions.isEmpty, let range = standardRange {
            definitions = [Definition(name: .standard, ranges: [range], source: .standard)]
        }
        return definitions
    }

    /// Reads `NAME=FIRST-LAST[,FIRST-LAST…]`.
    private static func definition(_ text: Setting<String>) throws(BerthError) -> Definition {
        let parts = text.value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, parts.count == 2 else {
            throw .setting(text.source, "'\(text.value)' is no pool: write NAME=FIRST-LAST, such as web=20000-20999")
        }
        guard let name = PoolName(rawValue: String(first)) else {
            throw .setting(text.source, "'\(first)' is no name for a pool: it must be \(PoolName.rule)")
        }
        return Definition(name: name, ranges: try PortRangeText.blocks(String(last), text.source), source: text.source)
    }

    private static func definition(_ pool: PoolSettings) throws(BerthError) -> Definition {
        if let ranges = pool.ranges {
            return Definition(name: pool.name.value, ranges: ranges.value, source: ranges.source)
        }
        guard pool.name.value == .standard, let range = standardRange else {
            throw .setting(pool.name.source, "the pool '\(pool.name.value)' needs ports, such as ports: [21000-21999]")
        }
        return Definition(name: pool.name.value, ranges: [range], source: pool.name.source)
    }

    private static func checkOverlaps(_ definitions: [Definition]) throws(BerthError) {
        var seen: [(name: PoolName, range: PortBlock)] = []
        var names: Set<PoolName> = []
        for definition in definitions {
            guard names.insert(definition.name).inserted else {
                throw .setting(definition.source, "the pool '\(definition.name)' is named twice")
            }
            for range in definition.ranges {
                if let other = seen.first(where: { $0.range.overlaps(range) }) {
                    let pair =
                        other.name == definition.name
                        ? "two ranges of the pool '\(other.name)'"
                        : "the pools '\(other.name)' and '\(definition.name)'"
                    throw .setting(definition.source, "\(pair) overlap: \(other.range) and \(range)")
                }
                seen.append((definition.name, range))
            }
        }
    }

    /// Below the ephemeral range of Linux (`ip_local_port_range`, 32768-60999 unless changed; ip(7)).
    private static let standardRange = Port(20_000).flatMap { PortBlock(first: $0, count: 10_000) }
}
