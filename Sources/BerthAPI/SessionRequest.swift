package import BerthCore

/// The body of `POST /v1/sessions`.
package struct SessionRequest: Codable, Hashable, Sendable {
    package let session: SessionName
    package let template: TemplateName
    package let variables: [String: String]
    package let ttl: RequestedTTL

    enum CodingKeys: String, CodingKey {
        case session, template, variables
        case ttlSeconds = "ttl_seconds"
    }

    package init(session: SessionName, template: TemplateName, variables: [String: String], ttl: RequestedTTL) {
        self.session = session
        self.template = template
        self.variables = variables
        self.ttl = ttl
    }

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: ["session", "template", "variables", "ttl_seconds"])
        reader.require("session")
        reader.require("template")
        let session = reader.name("session", SessionName.self)
        let template = reader.name("template", TemplateName.self)
        variables = reader.value("variables", [String: String].self, "an object of texts") ?? [:]
        ttl = reader.ttl("ttl_seconds")
        try reader.check()
        guard let session, let template else { throw BerthError(.internal, "A checked request lacks a member.") }
        self.session = session
        self.template = template
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(session.rawValue, forKey: .session)
        try container.encode(template.rawValue, forKey: .template)
        if !variables.isEmpty { try container.encode(variables, forKey: .variables) }
        switch ttl {
        case .byDefault: break
        case .never: try container.encodeNil(forKey: .ttlSeconds)
        case .seconds(let seconds): try container.encode(seconds, forKey: .ttlSeconds)
        }
    }
}
