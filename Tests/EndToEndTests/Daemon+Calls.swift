/// Calls on connections of their own.
extension Daemon {
    @discardableResult
    func call(
        _ method: String, _ path: String, _ body: JSON? = nil, headers: [(String, String)] = []
    ) throws -> Response {
        let connection = try unix.connect()
        defer { connection.close() }
        return try connection.call(method, path, try body?.encoded(), headers: headers)
    }

    /// A call over TCP, with the administrator's token unless the headers have another.
    func callTCP(
        _ method: String, _ path: String, _ body: JSON? = nil, headers: [(String, String)] = [],
        isAuthorized: Bool = true
    ) throws -> Response {
        let connection = try tcp.connect()
        defer { connection.close() }
        var headers = headers
        if isAuthorized { headers.append(("Authorization", "Bearer \(token)")) }
        return try connection.call(method, path, try body?.encoded(), headers: headers)
    }

    /// Asks for a block.
    func lease(
        _ session: String, _ count: Int, _ more: [String: JSON] = [:], headers: [(String, String)] = []
    ) throws -> Response {
        let body = JSON.object(["session": .text(session), "count": .integer(count)]).with(more)
        return try call("POST", "/v1/leases", body, headers: headers)
    }

    /// Asks for a block that must be granted.
    @discardableResult
    func granted(_ session: String, _ count: Int, _ more: [String: JSON] = [:]) throws -> JSON {
        let response = try lease(session, count, more)
        guard response.status == 201 else { throw HarnessError("not granted: \(response)") }
        return response.json
    }

    func release(_ lease: JSON) throws -> Response { try call("DELETE", "/v1/leases/\(lease["id"].int ?? 0)") }

    /// The lease as it now stands.
    func shown(_ lease: JSON) throws -> JSON { try call("GET", "/v1/leases/\(lease["id"].int ?? 0)").json }

    func port(_ number: Int) throws -> JSON { try call("GET", "/v1/ports/\(number)").json }

    func portState(_ number: Int) throws -> String? { try port(number)["state"].text }

    func pool(_ name: String = "default") throws -> JSON { try call("GET", "/v1/pools/\(name)").json }

    /// All pages of a list.
    func all(_ path: String, _ member: String, limit: Int = 1000) throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let separator = path.contains("?") ? "&" : "?"
            let from = cursor.map { "&cursor=\($0.percentEncoded)" } ?? ""
            let page = try call("GET", "\(path)\(separator)limit=\(limit)\(from)")
            guard page.status == 200 else { throw HarnessError("no page: \(page)") }
            items += page.json[member].items
            cursor = page.json["next_cursor"].text
        } while cursor != nil
        return items
    }
}

extension String {
    /// With everything but letters, digits and `-._~` as `%XX` (RFC 3986, 2.3).
    var percentEncoded: String {
        utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 128, character.isLetter || character.isNumber || "-._~".contains(character) {
                return String(character)
            }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
