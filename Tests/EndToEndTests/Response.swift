/// An HTTP response as it came.
struct Response: CustomStringConvertible {
    let status: Int
    let headers: [(name: String, value: String)]
    var body: [UInt8] = []

    init(head: [UInt8]) throws {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw HarnessError("no response: \(lines.first ?? "")")
        }
        self.status = status
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1].trimmingPrefix(" ")) : "")
        }
    }

    /// The value of the first header of that name.
    subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as JSON; `null` when it is none.
    var json: JSON { (try? JSON(parsing: body)) ?? .null }

    var text: String { String(decoding: body, as: UTF8.self) }

    var description: String { "\(status) \(text.prefix(600))" }
}
