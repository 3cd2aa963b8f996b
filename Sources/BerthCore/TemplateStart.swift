/// Which template a session is to be made from, and with which values.
package struct TemplateStart: Hashable, Sendable {
    package let template: TemplateName
    package let variables: [VariableName: String]

    package init(template: TemplateName, variables: [VariableName: String]) {
        self.template = template
        self.variables = variables
    }

    /// The name of the lease that a template's agents have their ports from. It makes the start idempotent.
    package var leaseName: LeaseName { LeaseName(ofTemplate: template) }
}

/// Where a session that was made from a template stands. The raw value stands in the database and in the API.
package enum SessionPhase: String, Hashable, CaseIterable, Sendable {
    /// Its agents are being started.
    case starting
    /// All of them were ready once.
    case running
    /// Nobody asked for them for a while, and they were stopped until somebody does.
    case asleep
    /// They are being stopped for good.
    case stopping
}

/// What a session was made from, and where it stands.
package struct SessionTemplateState: Hashable, Sendable {
    package let start: TemplateStart
    package let phase: SessionPhase

    package init(start: TemplateStart, phase: SessionPhase) {
        self.start = start
        self.phase = phase
    }
}
