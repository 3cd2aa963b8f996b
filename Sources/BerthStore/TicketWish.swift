import BerthCore
import FoundationEssentials

/// What a ticket wishes for beyond its session, pool, count and owner, which have columns of their own.
struct TicketWish: Hashable, Sendable, Codable {
    var name: String?
    /// The TTL that the request named.
    var ttlSeconds: Int64?
    /// Whether it asked for none.
    var isUnlimited: Bool?
    /// The TTL that the lease gets; nil for none.
    var ttlMilliseconds: Int64?
    var agents: [String]?
    /// 1 when absent.
    var align: Int?
    var firstPort: UInt16?
    var preferredFirstPort: UInt16?
    var labels: [String: String]?
    var isPinned: Bool?
    var maxPorts: Int?
    var template: String?
    var variables: [String: String]?
    /// The row of the session that is only to be woken.
    var wakes: Int64?

    enum CodingKeys: String, CodingKey {
        case name, agents, align, labels, template, variables, wakes
        case ttlSeconds = "ttl_seconds"
        case isUnlimited = "no_ttl"
        case ttlMilliseconds = "ttl_ms"
        case firstPort = "first_port"
        case preferredFirstPort = "preferred_first_port"
        case isPinned = "pinned"
        case maxPorts = "max_ports"
    }

    init(_ request: GrantRequest, ttlMilliseconds: Int64?, maxPorts: Int?) {
        name = request.name?.rawValue
        switch request.ttl {
        case .byDefault: break
        case .never: isUnlimited = true
        case .seconds(let seconds): ttlSeconds = seconds
        }
        self.ttlMilliseconds = ttlMilliseconds
        agents = request.agents.isEmpty ? nil : request.agents.map(\.rawValue)
        align = request.align == 1 ? nil : request.align
        switch request.placement {
        case .anywhere: break
        case .exactly(let port): firstPort = port.number
        case .preferred(let port): preferredFirstPort = port.number
        }
        labels = request.labels.isEmpty ? nil : request.labels
        isPinned = request.isPinned ? true : nil
        self.maxPorts = maxPorts
        template = request.template?.template.rawValue
        variables = request.template?.variableTexts
        wakes = request.wakes
    }

    /// Reads what ``text`` wrote.
    init(text: String) throws { self = try JSONDecoder().decode(TicketWish.self, from: Data(text.utf8)) }

    /// As ``init(text:)``, and exactly what ``text`` writes: members that mean nothing were put there by somebody else.
    init(kept text: String) throws {
        try self.init(text: text)
        guard self.text == text else {
            throw BerthError(.internal, "The database holds a wish that Berth did not write.")
        }
    }

    /// As it is kept.
    var text: String {
        var json = JSONLine()
        json.add("name", name)
        json.add("ttl_seconds", ttlSeconds)
        if isUnlimited == true { json.add("no_ttl", raw: "true") }
        json.add("ttl_ms", ttlMilliseconds)
        if let agents { json.add("agents", raw: JSONLine.array(agents)) }
        json.add("align", align.map { Int64($0) })
        json.add("first_port", firstPort.map { Int64($0) })
        json.add("preferred_first_port", preferredFirstPort.map { Int64($0) })
        json.add("labels", labels)
        if isPinned == true { json.add("pinned", raw: "true") }
        json.add("max_ports", maxPorts.map { Int64($0) })
        json.add("template", template)
        json.add("variables", variables)
        json.add("wakes", wakes)
        return json.text ?? "{}"
    }

    /// The request again.
    func request(
        session: SessionName, count: Int, pool: PoolName, owner: ProcessIdentity?
    ) -> GrantRequest {
        let ttl: RequestedTTL =
            if let ttlSeconds { .seconds(ttlSeconds) } else if isUnlimited == true { .never } else { .byDefault }
        let placement: GrantRequest.Placement =
            if let port = firstPort.flatMap({ Port($0) }) {
                .exactly(port)
            } else if let port = preferredFirstPort.flatMap({ Port($0) }) {
                .preferred(port)
            } else {
                .anywhere
            }
        return GrantRequest(
            session: session, count: count, name: name.flatMap(LeaseName.init), pool: pool, ttl: ttl,
            owner: owner.map(RequestedProcess.caller), agents: (agents ?? []).compactMap(AgentName.init),
            align: align ?? 1, placement: placement, labels: labels ?? [:], isPinned: isPinned ?? false,
            template: TemplateStart(template, variables ?? [:]), wakes: wakes)
    }
}
