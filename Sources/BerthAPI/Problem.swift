package import BerthCore

/// An error on the wire: `application/problem+json` (RFC 9457).
package struct Problem: Codable, Hashable, Sendable {
    /// A member of the request and what is wrong with it.
    package struct Field: Codable, Hashable, Sendable {
        package var field: String
        package var detail: String
    }

    package static let mediaType = "application/problem+json"

    package var type: String
    package var title: String
    package var status: Int
    package var detail: String
    package var code: String
    package var requestID: String
    package var errors: [Field]?
    package var largestFreeBlock: Int?
    package var free: Int?
    package var count: Int?
    package var port: Int?
    package var leaseID: Int64?
    package var listeners: [ListenerResource]?
    package var agent: String?
    package var log: String?

    enum CodingKeys: String, CodingKey {
        case type, title, status, detail, code, errors, free, count, port, listeners, agent, log
        case requestID = "request_id"
        case largestFreeBlock = "largest_free_block"
        case leaseID = "lease_id"
    }

    package init(_ error: BerthError, requestID: String) {
        let presentation = error.code.presentation
        type = "/problems/\(error.code.rawValue)"
        title = presentation.title
        status = presentation.status
        detail = error.message
        code = error.code.rawValue
        self.requestID = requestID
        if presentation.status == 422 {
            errors = error.fields.map { Field(field: $0.field, detail: $0.detail) }
        }
        switch error.facts {
        case .noRoom(let largestFreeBlock, let free, let count):
            self.largestFreeBlock = largestFreeBlock
            self.free = free
            self.count = count
        case .taken(let port, let lease, let listeners):
            self.port = Int(port.number)
            leaseID = lease?.number
            self.listeners = listeners.map(ListenerResource.init)
        case .agent(let name, let log):
            agent = name.rawValue
            self.log = log
        case .none, .allowed: break
        }
    }
}
