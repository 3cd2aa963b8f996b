package import BerthCore
import FoundationEssentials
import GRDB

/// Sessions that were made from templates: where they stand.
extension LeaseStore {
    /// The active sessions that were made from templates, in ascending order of their rows.
    package func templateSessions() async throws(BerthError) -> [Session] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM sessions WHERE state = 'active' AND template IS NOT NULL ORDER BY id"
            ).map(session)
        }
    }

    /// Those of these sessions that were made from templates, in ascending order.
    package func templateSessions(rows: [Int64]) async throws(BerthError) -> [Session] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM sessions
                    WHERE id IN (SELECT value FROM json_each(?)) AND template IS NOT NULL ORDER BY id
                    """,
                arguments: ["[" + rows.map(String.init).joined(separator: ",") + "]"]
            ).map(session)
        }
    }

    /// Brings an active session to another phase, if it stands in one of those that come before.
    ///
    /// - Parameter row: the session's, so that a later one of the same name stays as it is.
    /// - Returns: false when it stood in another phase, sleeps without a lease or has ended, which changes nothing.
    package func turn(
        _ row: Int64, from earlier: Set<SessionPhase>, to phase: SessionPhase, reason: String?,
        _ context: ChangeContext
    ) async throws(BerthError) -> Bool {
        try await queue.submit(as: phase == .stopping ? .givesBack : .housekeeping) { transaction in
            guard
                let found = try transaction.row(
                    "SELECT * FROM sessions WHERE id = ? AND state = 'active' AND template IS NOT NULL", [row]),
                case let session = try session(found), let template = session.template,
                earlier.contains(template.phase), template.rest == nil
            else { return false }
            let changed = try transaction.changes(
                "UPDATE sessions SET phase = ? WHERE id = ? AND phase = ?",
                [phase.rawValue, row, template.phase.rawValue])
            guard changed == 1 else { throw BerthError(.internal, "Session \(session.name) changed under its turn.") }
            var entry = context.entry(phase.event, reason: reason)
            entry.session = session.name
            entry.holder = session.principal
            try transaction.audit(entry)
            return true
        }
    }
}

extension WriteTransaction {
    /// Refuses to take from a template's session what its agents run on: the session is ended instead. What Berth itself
    /// does to it is not refused.
    ///
    /// It is on the way of every release, so the name is asked before a row is looked up.
    func checkIsNotInUse(_ lease: Lease, _ context: ChangeContext) throws {
        guard let name = lease.name, name.mayBeOfTemplate, context.caller.principal != .daemon else { return }
        let template = try first(
            "SELECT template FROM sessions WHERE name = ? AND state = 'active'", [lease.session.rawValue]
        ) { $0.textIfPresent(0) }
        guard let template, let template, let template = TemplateName(rawValue: template),
            name == LeaseName(ofTemplate: template)
        else { return }
        throw BerthError(
            .leaseInUse,
            "The agents of the session \(lease.session) run on the ports of lease \(lease.id). End the session instead (DELETE"
                + " /v1/sessions/\(lease.session), berth session end \(lease.session)): that stops them first.")
    }
}

extension SessionPhase {
    /// The event that reports the way into this phase.
    var event: AuditEvent {
        switch self {
        case .starting: .sessionWoken
        case .running: .sessionReady
        case .asleep: .sessionSlept
        case .stopping: .sessionStopping
        }
    }

    /// The phase that an event reports the way into; nil for events of other kinds.
    init?(event: AuditEvent) {
        guard let phase = Self.allCases.first(where: { $0.event == event }) else { return nil }
        self = phase
    }
}

extension SessionTemplateState {
    init?(_ row: Row) throws {
        guard let template: String = row["template"] else { return nil }
        let texts = try JSONDecoder().decode(
            [String: String].self, from: Data((row["variables"] as String? ?? "").utf8))
        guard let start = TemplateStart(template, texts),
            let phase = (row["phase"] as String?).flatMap(SessionPhase.init)
        else { throw BerthError(.internal, "The database holds a session whose template cannot be read.") }
        self.init(start: start, phase: phase, rest: SleepTerms(row))
    }
}

extension TemplateStart {
    /// From what ``variableTexts`` and a column say; nil for no template, or a name that is none.
    init?(_ template: String?, _ variables: [String: String]) {
        guard let template = template.flatMap(TemplateName.init) else { return nil }
        var checked: [VariableName: String] = [:]
        for (name, value) in variables {
            guard let name = VariableName(rawValue: name) else { return nil }
            checked[name] = value
        }
        self.init(template: template, variables: checked)
    }

    var variableTexts: [String: String] {
        Dictionary(uniqueKeysWithValues: variables.map { ($0.key.rawValue, $0.value) })
    }

    /// As they are kept, by ascending names, so that equal ones have equal texts.
    var variablesText: String {
        var json = JSONLine()
        for (name, value) in variableTexts.sorted(by: { $0.key < $1.key }) { json.add(name, value) }
        return json.text ?? "{}"
    }
}
