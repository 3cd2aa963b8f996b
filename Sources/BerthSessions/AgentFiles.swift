import BerthCore

/// Where the logs of agents lie, and the ids of their containers: a folder for each session, named after its row.
package struct AgentFiles: Hashable, Sendable {
    private let folder: String

    /// - Parameter folder: an absolute path; it is made with the first log.
    package init(folder: String) { self.folder = folder }

    /// The agents' folder beside a database.
    package static func folder(forDatabase database: String) -> String {
        let parent = database.lastIndex(of: "/").map { String(database[..<$0]) } ?? "."
        return (parent.isEmpty ? "" : parent) + "/agents"
    }

    func log(_ agent: AgentName, session row: Int64) -> String { "\(folder)/\(row)/\(agent).log" }

    func cidfile(_ agent: AgentName, session row: Int64) -> String { "\(folder)/\(row)/\(agent).cid" }
}
