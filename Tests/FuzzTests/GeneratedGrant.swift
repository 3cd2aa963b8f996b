import BerthCore
import BerthTestSupport

/// Wishes for leases, as values and as the JSON that says them.
enum GeneratedGrant {
    static func value(using random: inout SplitMix64) -> GrantRequest {
        let count = random.pick([1, 2, 6, 256, 65_535])
        var request = GrantRequest(session: name(using: &random), count: count)
        if random.happens(inPercent: 40) { request.name = name(using: &random) }
        if random.happens(inPercent: 30) { request.pool = random.pick(["web", "default", "a-1"]) }
        request.ttl = random.pick([.byDefault, .byDefault, .never, .seconds(1), .seconds(315_360_000), .seconds(77)])
        if random.happens(inPercent: 30) { request.owner = .pid(random.pick([1, 4242, .max])) }
        let agents = (0..<min(count, random.pick([0, 0, 1, 2, 5]))).map { AgentName(rawValue: "team-\($0)") }
        request.agents = agents.compactMap { $0 }
        request.align = random.pick([1, 1, 10, 65_535])
        request.placement = random.pick([.anywhere, .anywhere, .preferred(20_010), .exactly(65_535), .exactly(1)])
        for _ in 0..<random.pick([0, 0, 1, 3, 16]) {
            request.labels[text(using: &random, atLeast: 1)] = text(using: &random, atLeast: 0)
        }
        request.isPinned = random.happens(inPercent: 20)
        return request
    }

    /// The request in JSON: members in any order, spaces anywhere, characters as themselves or escaped.
    static func json(_ request: GrantRequest, using random: inout SplitMix64) -> [UInt8] {
        var members: [(String, String)] = [
            ("session", quoted(request.session.rawValue, using: &random)), ("count", String(request.count)),
        ]
        if let name = request.name { members.append(("name", quoted(name.rawValue, using: &random))) }
        if request.pool != .standard || random.happens(inPercent: 30) {
            members.append(("pool", quoted(request.pool.rawValue, using: &random)))
        }
        switch request.ttl {
        case .byDefault: break
        case .never: members.append(("ttl_seconds", "null"))
        case .seconds(let seconds): members.append(("ttl_seconds", String(seconds)))
        }
        if case .pid(let pid) = request.owner { members.append(("owner_pid", String(pid))) }
        if !request.agents.isEmpty {
            let names = request.agents.map { quoted($0.rawValue, using: &random) }
            members.append(("agents", "[\(names.joined(separator: blank(using: &random) + ","))]"))
        }
        if request.align != 1 { members.append(("align", String(request.align))) }
        switch request.placement {
        case .anywhere: break
        case .preferred(let port): members.append(("preferred_first_port", "\(port)"))
        case .exactly(let port): members.append(("first_port", "\(port)"))
        }
        if !request.labels.isEmpty {
            let labels = request.labels.map { (quoted($0.key, using: &random), quoted($0.value, using: &random)) }
            members.append(("labels", object(labels, using: &random)))
        }
        if request.isPinned { members.append(("pinned", "true")) }
        members.shuffle(using: &random)
        return Array(object(members.map { (quoted($0.0, using: &random), $0.1) }, using: &random).utf8)
    }

    static let letters = Array("ABCXYZabcxyz0189._:@/-").map(String.init)

    private static func name<Name: CheckedName>(using random: inout SplitMix64) -> Name {
        let length = random.pick([1, 2, 5, 20, 128])
        let text = (0..<length).map { _ in random.pick(letters) }.joined()
        guard let name = Name(rawValue: text) else { preconditionFailure("\(text) is a name of \(Name.rule)") }
        return name
    }

    /// A label's text: anything that does not steer its reader.
    private static func text(using random: inout SplitMix64, atLeast least: Int) -> String {
        let length = max(least, random.pick([0, 1, 2, 10]))
        let parts = ["a", "Z", "9", " ", "\"", "\\", "/", "é", "\u{1F6A2}", "\u{200D}", "{", "]", ",", "\u{FFFD}"]
        return (0..<length).map { _ in random.pick(parts) }.joined()
    }

    static func blank(using random: inout SplitMix64) -> String {
        random.pick(["", "", "", "", " ", "\n", "\t", "\r\n"])
    }

    private static func object(_ members: [(String, String)], using random: inout SplitMix64) -> String {
        let texts = members.map { name, value in
            [blank(using: &random), name, blank(using: &random), ":", blank(using: &random), value].joined()
        }
        return "{" + texts.joined(separator: blank(using: &random) + ",") + blank(using: &random) + "}"
    }

    /// A JSON string: what must be escaped is, and now and then what need not be.
    static func quoted(_ text: String, using random: inout SplitMix64) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" || scalar.value < 0x20 || random.happens(inPercent: 5) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: random.happens(inPercent: 50))
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
