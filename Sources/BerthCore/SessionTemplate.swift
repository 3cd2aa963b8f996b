/// What sessions are made from: named agents, one on each port of a block, as an administrator wrote them down.
package struct SessionTemplate: Hashable, Sendable {
    package let name: TemplateName
    /// In the order of their ports.
    package let agents: [AgentTemplate]
    package let pool: PoolName
    /// Who may start it.
    package let access: TemplateAccess
    /// In the order they were declared.
    package let variables: [TemplateVariable]
    /// The user that its processes run as; nil for the daemon's own, which must not be root then.
    package let user: String?
    /// How long all agents together may take until they are ready.
    package let readySeconds: Int
    /// Nil for sessions that never sleep.
    package let sleep: SleepRule?
    package let card: CardRule

    package init(
        name: TemplateName, agents: [AgentTemplate], pool: PoolName, access: TemplateAccess,
        variables: [TemplateVariable], user: String?, readySeconds: Int, sleep: SleepRule?, card: CardRule
    ) {
        self.name = name
        self.agents = agents
        self.pool = pool
        self.access = access
        self.variables = variables
        self.user = user
        self.readySeconds = readySeconds
        self.sleep = sleep
        self.card = card
    }
}

/// Who may start sessions from a template.
package enum TemplateAccess: Hashable, Sendable {
    /// Nobody but administrators, who always may.
    case administrators
    case principals(Set<Principal>)
    /// Everybody who may call at all.
    case everybody

    /// Whether this caller may.
    package func allows(_ caller: Caller) -> Bool {
        switch self {
        case .administrators: caller.isAdministrator
        case .principals(let principals): caller.isAdministrator || principals.contains(caller.principal)
        case .everybody: true
        }
    }
}

/// When the agents of a session are stopped because nobody asks for them, and what becomes of their ports.
package struct SleepRule: Hashable, Sendable {
    /// What becomes of the ports meanwhile.
    package enum Ports: String, Hashable, CaseIterable, Sendable {
        /// The lease goes on.
        case keep
        /// The lease is released; waking up takes a new one.
        case release
    }

    /// How long no request came through the router.
    package let idleSeconds: Int
    package let ports: Ports

    package init(idleSeconds: Int, ports: Ports) {
        self.idleSeconds = idleSeconds
        self.ports = ports
    }
}

/// What the router makes of the agents' cards.
package enum CardRule: String, Hashable, CaseIterable, Sendable {
    /// Their URLs become the public ones.
    case rewrite
    case passthrough
}

/// A value that whoever starts a session may choose.
package struct TemplateVariable: Hashable, Sendable {
    package let name: VariableName
    /// The whole value must match this regular expression.
    package let pattern: String
    /// Nil for one that must be given.
    package let standard: String?

    package init(name: VariableName, pattern: String, standard: String?) {
        self.name = name
        self.pattern = pattern
        self.standard = standard
    }
}

/// The name of a template.
package struct TemplateName: CheckedName {
    package static let rule = "1 to 63 characters of a-z 0-9 -"
    package let rawValue: String

    package init?(rawValue: String) {
        guard rawValue.isName(of: 1...63, where: isLabelByte) else { return nil }
        self.rawValue = rawValue
    }
}

/// The name of a template's variable.
package struct VariableName: CheckedName {
    package static let rule = "1 to 63 characters of a-z 0-9 -, and none of port, url, session, cidfile"
    package let rawValue: String

    package init?(rawValue: String) {
        guard rawValue.isName(of: 1...63, where: isLabelByte),
            !["port", "url", "session", "cidfile"].contains(rawValue)
        else { return nil }
        self.rawValue = rawValue
    }
}
