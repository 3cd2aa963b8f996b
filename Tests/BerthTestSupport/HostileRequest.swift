/// A request over TCP that is not to get through, and how it is answered.
package struct HostileRequest: Sendable, CustomStringConvertible {
    /// The request's first line.
    package let line: String
    /// Its header fields as they stand on the wire; `{port}` is the listener's port.
    package let fields: [String]
    package let body: String
    /// Whether it comes with a token that lets in: then nothing but what it says about itself keeps it out.
    package let isAuthorized: Bool
    package let status: Int
    package let code: String

    init(
        line: String = "GET /v1/leases HTTP/1.1", _ fields: [String], body: String = "", isAuthorized: Bool = true,
        _ status: Int, _ code: String
    ) {
        self.line = line
        self.fields = fields
        self.body = body
        self.isAuthorized = isAuthorized
        self.status = status
        self.code = code
    }

    /// The whole table.
    package static let all: [HostileRequest] = foreignHosts + foreignTargets + foreignOrigins + foreignBodies

    /// What stands beside it and is let in, so that a check that refuses everything is no check: fields alone.
    package static let welcome: [[String]] = [
        ["Host: 127.0.0.1:{port}"], ["Host: localhost:{port}"], ["host: LocalHost:{port}"], ["HOST: LOCALHOST"],
        ["Host: 127.0.0.1"], ["Host: localhost"], ["Host: \t localhost \t "],
        ["Host: 127.0.0.1:{port}", "Origin: http://127.0.0.1:{port}"],
        ["Host: 127.0.0.1:{port}", "Origin: http://localhost:{port}"],
        ["Host: localhost:{port}", "Origin: http://localhost:{port}", "Sec-Fetch-Site: same-origin"],
        ["Host: localhost:{port}", "Sec-Fetch-Site: none"], ["Host: localhost:{port}", "Sec-Fetch-Mode: cors"],
        ["Host: localhost:{port}", "X-Forwarded-Host: evil.example"],
    ]

    /// A request for each of these lists of fields.
    static func requests(_ fields: [[String]], _ status: Int, _ code: String) -> [HostileRequest] {
        fields.map { HostileRequest($0, status, code) }
    }

    /// A request for each of these lines with their fields.
    static func requests(_ lines: [(String, [String])], _ status: Int, _ code: String) -> [HostileRequest] {
        lines.map { HostileRequest(line: $0.0, $0.1, status, code) }
    }

    /// The request's bytes.
    /// - Parameter token: what is sent where the request is authorized.
    package func bytes(port: Int, token: String) -> [UInt8] {
        var lines = [line] + fields
        if isAuthorized { lines.append("Authorization: Bearer \(token)") }
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        let text = lines.joined(separator: "\r\n") + "\r\n\r\n" + body
        return Array(text.replacing("{port}", with: String(port)).utf8)
    }

    /// The values of a field, in order, without the blanks around them.
    package static func values(_ name: String, in fields: [String], port: Int) -> [String] {
        fields.compactMap { field in
            let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].lowercased() == name else { return nil }
            var value = parts[1].drop { $0 == " " || $0 == "\t" }
            while value.last == " " || value.last == "\t" { value.removeLast() }
            return String(value).replacing("{port}", with: String(port))
        }
    }

    package var description: String { ([line] + fields).joined(separator: " | ") }
}
