/// The paths of the API, spelt in one place for server and client. Names are percent-encoded, since sessions may hold
/// slashes.
package enum APIPath {
    package static let leases = "/v1/leases"
    package static let pools = "/v1/pools"
    package static let sessions = "/v1/sessions"
    package static let tickets = "/v1/tickets"
    package static let reap = "/v1/reap"
    package static let audit = "/v1/audit"
    package static let auditVerify = "/v1/audit/verify"
    package static let auditHead = "/v1/audit/head"
    package static let auditPrune = "/v1/audit/prune"
    package static let events = "/v1/events"
    package static let backups = "/v1/backups"
    package static let tokens = "/v1/tokens"

    /// One lease, by its id.
    package static func lease(_ id: Int64) -> String { "\(leases)/\(id)" }
    /// Where a lease is renewed.
    package static func renewal(_ id: Int64) -> String { "\(leases)/\(id)/renew" }
    /// One agent of a lease.
    package static func agent(_ name: String, of id: Int64) -> String { "\(leases)/\(id)/agents/\(name)" }
    /// One session, by its name.
    package static func session(_ name: String) -> String { "\(sessions)/\(percentEncoded(name))" }
    /// The agents of a session.
    package static func agents(ofSession name: String) -> String { "\(session(name))/agents" }
    /// The log of one agent.
    package static func log(of agent: String, inSession name: String) -> String {
        "\(agents(ofSession: name))/\(percentEncoded(agent))/log"
    }
    /// One ticket, by its id.
    package static func ticket(_ id: Int64) -> String { "\(tickets)/\(id)" }
    /// One token, by its name.
    package static func token(_ name: String) -> String { "\(tokens)/\(percentEncoded(name))" }
    /// One pool, by its name.
    package static func pool(_ name: String) -> String { "\(pools)/\(percentEncoded(name))" }

    /// One port, by its number.
    package static func port(_ number: Int) -> String { "/v1/ports/\(number)" }

    /// Everything but RFC 3986's unreserved characters as `%XX`.
    package static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(Character(Unicode.Scalar(byte)))
            default:
                encoded.append("%")
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 15)])
            }
        }
    }

    /// Undoes percent-encoding; nil when an escape is broken or the bytes are no UTF-8.
    package static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimalValue),
                let low = rest.popFirst().flatMap(hexadecimalValue)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimalValue(_ digit: UInt8) -> UInt8? {
        Character(Unicode.Scalar(digit)).hexDigitValue.map { UInt8($0) }
    }
}
