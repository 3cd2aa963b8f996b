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
    /// Set while it sleeps without a lease.
    package let rest: SleepTerms?

    package init(start: TemplateStart, phase: SessionPhase, rest: SleepTerms? = nil) {
        self.start = start
        self.phase = phase
        self.rest = rest
    }
}

/// How long a session that sleeps without a lease has left: what its lease said goes on counting, and is its next one's.
package struct SleepTerms: Hashable, Sendable {
    package let expiry: Expiry
    /// Nil for one that was pinned.
    package let ttlMilliseconds: Int64?

    package init(expiry: Expiry, ttlMilliseconds: Int64?) {
        self.expiry = expiry
        self.ttlMilliseconds = ttlMilliseconds
    }

    /// Whether its time is over.
    package func isOver(at now: BootTime) -> Bool {
        switch expiry {
        case .never: false
        case .at(let deadline, _): deadline <= now
        }
    }
}
