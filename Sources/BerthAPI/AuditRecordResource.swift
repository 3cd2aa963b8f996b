/// One record of the audit, as far as it is shown to people; programs get its line as it came.
package struct AuditRecordResource: Codable, Hashable, Sendable {
    package var seq: Int64
    package var at: String
    package var event: String
    package var leaseID: Int64?
    package var session: String?
    package var pool: String?
    package var firstPort: Int?
    package var count: Int?
    package var agent: String?
    package var pid: Int32?
    package var principal: String
    package var reason: String?
    package var requestID: String?

    enum CodingKeys: String, CodingKey {
        case seq, at, event, session, pool, count, agent, pid, principal, reason
        case leaseID = "lease_id"
        case firstPort = "first_port"
        case requestID = "request_id"
    }
}
