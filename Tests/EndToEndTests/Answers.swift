/// Everything that comes back for some bytes, until the daemon ends the connection.
struct Answers {
    let responses: [Response]
    /// What is wrong with the end: a response that is cut, bytes that are none, an end by force. Nil for a clean one.
    let fault: String?

    /// Sends the bytes, says that no more will come, and waits for the end.
    init(to bytes: [UInt8], at endpoint: Endpoint) throws {
        let connection = try endpoint.connect()
        defer { connection.close() }
        // A daemon that has answered may have stopped to take more.
        do { try connection.send(bytes) } catch is Connection.Ended {}
        connection.finishSending()
        var responses: [Response] = []
        var fault: String?
        while true {
            do {
                responses.append(try connection.receive())
            } catch let end as Connection.Ended {
                if !end.received.isEmpty || !end.isHangUp { fault = end.description }
                break
            } catch {
                fault = "\(error)"
                break
            }
        }
        (self.responses, self.fault) = (responses, fault)
    }

    var statuses: [Int] { responses.map(\.status) }
    var ids: [String] { responses.map { $0["x-request-id"] ?? "" } }
}

/// The statuses that the API documents.
let documentedStatuses: Set<Int> = [
    200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 410, 413, 415, 421, 422, 429, 431, 503,
]

extension Daemon {
    /// Both ways in, with the header fields that a request needs there.
    var entrances: [(endpoint: Endpoint, fields: String)] {
        [
            (unix, "Host: localhost\r\n"),
            (tcp, "Host: 127.0.0.1:\(tcpPort)\r\nAuthorization: Bearer \(token)\r\n"),
        ]
    }
}
