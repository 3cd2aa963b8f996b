/// Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6) from bytes as they come.
package struct EventParser: Sendable {
    /// One event.
    package struct Event: Hashable, Sendable {
        package var id: String?
        package var name = "message"
        package var data = ""
    }

    private var line: [UInt8] = []
    private var endedInReturn = false
    private var id: String?
    private var name: String?
    private var data: [String] = []

    package init() {}

    /// Takes bytes, and returns the events that they complete.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            // A line ends in LF, CR or both.
            if byte == UInt8(ascii: "\n"), endedInReturn {
                endedInReturn = false
                continue
            }
            endedInReturn = byte == UInt8(ascii: "\r")
            guard byte == UInt8(ascii: "\n") || endedInReturn else {
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    private mutating func endLine() -> Event? {
        guard !line.isEmpty else { return dispatch() }
        let text = String(decoding: line, as: UTF8.self)
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count > 1 ? String(parts[1].hasPrefix(" ") ? parts[1].dropFirst() : parts[1]) : ""
        switch parts[0] {
        case "id": id = value
        case "event": name = value
        case "data": data.append(value)
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> Event? {
        defer { (name, data) = (nil, []) }
        guard !data.isEmpty else { return nil }
        return Event(id: id, name: name ?? "message", data: data.joined(separator: "\n"))
    }
}
