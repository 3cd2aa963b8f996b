package import BerthCore

/// The body of `POST /v1/leases`, checked in form.
package struct LeaseRequest: Decodable {
    package let grant: GrantRequest
    /// Whether the process at the other end of the Unix socket is the owner; the grant doesn't say so yet.
    package let isOwnedByCaller: Bool

    private static let members: Set<String> = [
        "session", "count", "name", "pool", "ttl_seconds", "owner_pid", "owner_self", "agents", "align",
        "preferred_first_port", "first_port", "labels", "pinned",
    ]

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: Self.members)
        reader.require("session")
        reader.require("count")
        let session = reader.name("session", SessionName.self)
        let count = reader.integer("count", 1...65_535)
        let name = reader.name("name", LeaseName.self)
        let pool = reader.name("pool", PoolName.self)
        let ttl = reader.ttl("ttl_seconds")
        let owner = reader.integer("owner_pid", 1...Int32.max)
        isOwnedByCaller = reader.value("owner_self", Bool.self, "true or false") ?? false
        if isOwnedByCaller, reader.contains("owner_pid") {
            reader.fail("owner_self", "cannot stand beside owner_pid: a lease has one owner")
        }
        let agents = reader.agents(count: count)
        let align = reader.integer("align", 1...65_535)
        let placement = reader.placement()
        let labels = reader.labels()
        let isPinned = reader.value("pinned", Bool.self, "true or false") ?? false
        try reader.check()
        guard let session, let count else { throw BerthError(.internal, "A checked request lacks a member.") }
        grant = GrantRequest(
            session: session, count: count, name: name, pool: pool ?? .standard, ttl: ttl,
            owner: owner.map(RequestedProcess.pid), agents: agents, align: align ?? 1, placement: placement,
            labels: labels, isPinned: isPinned)
    }
}

/// The body of `POST /v1/leases/{id}/renew`; without one, the lease's own TTL counts again.
package struct RenewRequest: Decodable {
    package let ttlSeconds: Int64?

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: ["ttl_seconds"])
        ttlSeconds = reader.integer("ttl_seconds", RequestBounds.ttlSeconds)
        try reader.check()
    }
}

/// The body of `PUT /v1/leases/{id}/agents/{name}`.
package struct AttachRequest: Decodable {
    /// Nil for the process at the other end of the Unix socket itself.
    package let pid: Int32?
    package let port: Port?

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: ["pid", "self", "port"])
        let isCaller = reader.value("self", Bool.self, "true or false") ?? false
        if isCaller {
            if reader.contains("pid") { reader.fail("self", "cannot stand beside pid: an agent is one process") }
        } else {
            reader.require("pid")
        }
        pid = reader.integer("pid", 1...Int32.max)
        port = reader.port("port")
        try reader.check()
    }
}

extension RequestReader {
    mutating func port(_ name: String) -> Port? { integer(name, 1...UInt16.max).flatMap { Port($0) } }

    mutating func ttl(_ name: String) -> RequestedTTL {
        if isNull(name) { return .never }
        return integer(name, RequestBounds.ttlSeconds).map(RequestedTTL.seconds) ?? .byDefault
    }

    fileprivate mutating func agents(count: Int?) -> [AgentName] {
        guard let texts = value("agents", [String].self, "a list of names") else { return [] }
        let names = texts.compactMap(AgentName.init(rawValue:))
        if names.count != texts.count {
            fail("agents", "each must be \(AgentName.rule)")
        } else if Set(names).count != names.count {
            fail("agents", "each name may stand there once")
        } else if let count, names.count > count {
            fail("agents", "\(names.count) names do not fit \(count) ports")
        }
        return names
    }

    fileprivate mutating func placement() -> GrantRequest.Placement {
        let preferred = port("preferred_first_port")
        let exact = port("first_port")
        if contains("preferred_first_port"), contains("first_port") {
            fail("first_port", "cannot stand beside preferred_first_port: it is exactly there or anywhere")
        }
        return exact.map(GrantRequest.Placement.exactly) ?? preferred.map(GrantRequest.Placement.preferred) ?? .anywhere
    }

    fileprivate mutating func labels() -> [String: String] {
        guard let labels = value("labels", [String: String].self, "an object of texts") else { return [:] }
        let areFine = labels.allSatisfy { key, value in
            RequestBounds.labelKeyBytes.contains(key.utf8.count)
                && RequestBounds.labelValueBytes.contains(value.utf8.count)
                && !(key + value).unicodeScalars.contains(where: \.steersItsReader)
        }
        if labels.count > RequestBounds.labels {
            fail("labels", "there may be at most \(RequestBounds.labels)")
        } else if !areFine {
            fail("labels", "keys have 1 to 63 bytes, values at most 255, neither with characters that control text")
        }
        return labels
    }
}

extension Unicode.Scalar {
    /// Whether it is no part of a text but changes how a terminal or a page shows it: controls, separators of lines, and what
    /// turns the direction of writing around, so that a label reads as something else than it is (CVE-2021-42574).
    fileprivate var steersItsReader: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: properties.isBidiControl
        }
    }
}
