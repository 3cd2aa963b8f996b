import BerthCore
import BerthTestSupport
import Testing

@testable import BerthCommandLine

@Suite struct `Configurations, fuzzed` {
    private static let tokens = [
        ":", "- ", "\n", "  ", "\t", "#", "{", "}", "[", "]", "&a", "*a", "<<: *a", "!!binary", "!!str", "!", "|", ">-",
        "'", "\"",
        "---", "...", "%YAML 9.9", "? ", "~", "null", "true", "yes", ".inf", ".nan", "0x10", "0o17", "1_000", "pools:",
        "ports:",
        "limits:", "\\u202e", "\\x00", "1-65535", "20000-", "-1", "max_block: 0", "socket_mode: 0666",
        "socket_mode: 0777",
        "templates:", "{port}", "{{", "}}", "{url:a}", "{league}", "{cidfile}", "container: true", "pattern: '('",
        "(?:", "{1,99999}", "(?<n>", "\\\\p{L}", "[[:alpha:]]", "allow: everybody", "http: /",
        "[[[[[[[[", "{a: {a: {a: ", "\u{85}",
    ]

    private static func changed(using random: inout SplitMix64) -> [UInt8] {
        let file = GeneratedConfiguration(using: &random)
        return Mutation.of(file.yaml(using: &random), tokens: tokens, using: &random)
    }

    private static func load(_ yaml: String, _ flags: ServeFlags = ServeFlags()) throws(BerthError)
        -> ServeConfiguration
    {
        let environment = ["HOME": "/home/u", "BERTH_CONFIG": "/b.yaml"]
        return try ServeConfiguration.load(flags, environment: environment) { _ throws(BerthError) in yaml }
    }

    @Test func `say what their file says`() {
        FuzzRun.values("configuration") { random in
            let file = GeneratedConfiguration(using: &random)
            return (file, String(decoding: file.yaml(using: &random), as: UTF8.self))
        } fault: { file, yaml in
            do throws(BerthError) {
                return Self.difference(file, try Self.load(yaml)).map { "\($0) in \(yaml)" }
            } catch {
                return "\(error) in \(yaml)"
            }
        }
    }

    /// What was read otherwise than it was written.
    private static func difference(_ file: GeneratedConfiguration, _ read: ServeConfiguration) -> String? {
        if let database = file.database, read.database != database { return "database" }
        let listen = read.listen?.description ?? "none"
        if listen != file.listen ?? "127.0.0.1:7117" { return "listen" }
        if read.limits.maxSessions != file.maxSessions ?? Limits().maxSessions { return "max_sessions" }
        if read.limits.maxWaiting != file.maxWaiting ?? Limits().maxWaiting { return "max_waiting" }
        if read.auditRetainDays != file.retainDays || read.allowedHosts != file.hosts { return "days or hosts" }
        if let fault = difference(file.templates, read.templates) { return fault }
        guard !file.pools.isEmpty else { return read.pools.count == 1 ? nil : "pools" }
        guard read.pools.map(\.name.rawValue) == file.pools.map(\.name) else { return "names of pools" }
        for (pool, said) in zip(read.pools, file.pools) {
            let areRight =
                pool.ranges.map(\.numbers) == said.ranges && pool.maxBlock == said.maxBlock ?? 256
                && pool.defaultTTLSeconds == Int64(said.ttlSeconds ?? 3600)
                && pool.quarantineSeconds == said.quarantineSeconds ?? 2 && (pool.queue == .fifo) == said.isFIFO ?? true
            if !areRight { return "pool \(said.name)" }
        }
        return nil
    }

    private static func difference(_ said: [GeneratedTemplate], _ read: [SessionTemplate]) -> String? {
        guard said.map(\.name) == read.map(\.name.rawValue) else { return "names of templates" }
        for (said, read) in zip(said, read) {
            let areRight =
                read.agents.map(\.name.rawValue) == said.agents
                && read.agents.allSatisfy { $0.command == said.command && $0.environment == said.environment }
                && read.sleep?.idleSeconds == said.idleSeconds && read.user == said.user
                && (read.access == .everybody) == said.isForEverybody
                && read.variables.map(\.standard) == said.standards
            if !areRight { return "template \(said.name)" }
        }
        return nil
    }

    @Test func `that are changed are refused at their place, or within their bounds`() {
        FuzzRun.bytes("configuration changed", make: Self.changed) { bytes in
            do throws(BerthError) {
                return Self.breach(try Self.load(String(decoding: bytes, as: UTF8.self)))
            } catch {
                let isTold = error.message.contains("/b.yaml") || error.message.contains("the default")
                return error.code == .configuration && isTold ? nil : "\(error)"
            }
        }
    }

    @Test func `of flags and variables are refused at their place, or within their bounds`() {
        let pools = ["default=20000-29999", "web=20000-20999,22000-22999", "a=1", "a-1=65535"]
        let listens = ["127.0.0.1:7117", "[::1]:7117", "none", "localhost:0"]
        let tokens = [",", "-", "=", ":", "[", "]", ";", " ", "\t", "%eth0", "0", "65536", "::", "none"]
        FuzzRun.values("flags") { random in
            func changed(_ text: String) -> String {
                String(decoding: Mutation.of(Array(text.utf8), tokens: tokens, using: &random), as: UTF8.self)
            }
            var flags = ServeFlags()
            flags.pools = random.happens(inPercent: 60) ? [changed(random.pick(pools))] : []
            flags.listen = random.happens(inPercent: 60) ? changed(random.pick(listens)) : nil
            flags.excluded = random.happens(inPercent: 30) ? [changed("20080-20090")] : []
            flags.socketMode = random.happens(inPercent: 30) ? changed(random.pick(["0600", "660", "0666"])) : nil
            flags.allowedHosts = random.happens(inPercent: 30) ? [changed("berth.test:7117")] : []
            flags.maxSessions = random.pick([nil, nil, 0, -1, 7, .max])
            flags.quarantineSeconds = random.pick([nil, nil, 0, -0.0, .nan, .infinity, -1, 1e300])
            var environment = ["HOME": "/home/u"]
            if random.happens(inPercent: 40) {
                environment["BERTH_POOL"] = changed("web=21000-21999;default=20000-20999")
            }
            if random.happens(inPercent: 40) { environment["BERTH_MAX_SESSIONS"] = random.pick(Tokens.numbers) }
            if random.happens(inPercent: 40) { environment["BERTH_QUARANTINE"] = random.pick(Tokens.numbers) }
            return (flags, environment)
        } fault: { (flags: ServeFlags, environment: [String: String]) -> String? in
            do throws(BerthError) {
                let read = try ServeConfiguration.load(flags, environment: environment) { _ throws(BerthError) in nil }
                return Self.breach(read).map { "\($0) of \(flags) \(environment)" }
            } catch {
                let places = ["--", "BERTH_", "the default"]
                let isTold = places.contains { error.message.contains($0) }
                return error.code == .configuration && isTold ? nil : "\(error) of \(flags) \(environment)"
            }
        }
    }

    /// Which bound a configuration breaks.
    private static func breach(_ read: ServeConfiguration) -> String? {
        guard !read.pools.isEmpty, Set(read.pools.map(\.name)).count == read.pools.count else {
            return "names of pools"
        }
        let ranges = read.pools.flatMap(\.ranges).map(\.numbers).sorted { $0.lowerBound < $1.lowerBound }
        guard zip(ranges, ranges.dropFirst()).allSatisfy({ $0.upperBound < $1.lowerBound }) else {
            return "ranges overlap"
        }
        for pool in read.pools {
            guard !pool.runs.isEmpty, (1...65_535).contains(pool.maxBlock),
                (0...86_400).contains(pool.quarantineSeconds),
                RequestBounds.ttlSeconds.contains(pool.defaultTTLSeconds)
            else { return "pool \(pool)" }
        }
        guard (1...1_000_000).contains(read.limits.maxSessions), (0...1_000_000).contains(read.limits.maxWaiting) else {
            return "limits \(read.limits)"
        }
        if let fault = read.templates.compactMap({ Self.breach($0, read.pools) }).first { return fault }
        if let listen = read.listen {
            guard (0...65_535).contains(listen.port), !listen.host.isEmpty else { return "listen \(listen)" }
        }
        if let socket = read.socket, !(1...107).contains(socket.utf8.count) { return "socket \(socket)" }
        return [0o600, 0o660, 0o666].contains(read.socketPermissions.mode) ? nil : "mode \(read.socketPermissions.mode)"
    }

    private static func breach(_ template: SessionTemplate, _ pools: [Pool]) -> String? {
        guard let pool = pools.first(where: { $0.name == template.pool }), !template.agents.isEmpty,
            template.agents.count <= pool.maxBlock, pool.canEverHold(count: template.agents.count, align: 1)
        else { return "the pool of \(template)" }
        // What was let in can be filled in, with every default there is.
        var given: [String: String] = [:]
        for variable in template.variables where variable.standard == nil {
            guard variable.refusal(of: "a", isArgument: true) == nil else { return nil }
            given[variable.name.rawValue] = "a"
        }
        guard let first = pool.runs.first(where: { $0.count >= template.agents.count })?.first,
            let block = PortBlock(first: first, count: template.agents.count)
        else { return "the block of \(template)" }
        do throws(BerthError) {
            let rendering = try TemplateRendering(
                template, session: "s", lease: 1, block: block, values: TemplateValues(template, given: given))
            let agents = try rendering.agents { "/\($0)" }
            let areFine = agents.allSatisfy { agent in
                agent.arguments.first?.isEmpty == false && !agent.arguments.contains { $0.utf8.contains(0) }
                    && agent.environment.allSatisfy { !$0.key.isEmpty && !($0.key + $0.value).utf8.contains(0) }
            }
            return areFine ? nil : "what \(template) is started with"
        } catch {
            return "\(error) of \(template)"
        }
    }

    @Test func `that nest without end, or name themselves, are refused`() {
        let deep = [
            String(repeating: "[", count: 60_000), String(repeating: "{a: ", count: 20_000),
            "pools: " + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000),
            "a: &a [*a]", "database: &a\n  - *a", String(repeating: "? ", count: 20_000),
            "pools:\n" + (0..<9).map { "  a\($0): &b\($0) { ports: [*b\(max(0, $0 - 1))] }\n" }.joined(),
        ]
        for yaml in deep {
            #expect(throws: BerthError.self, "\(yaml.prefix(40))") { _ = try Self.load(yaml) }
        }
    }
}
