import BerthCore
import HTTPTypes

/// The `Prefer` header fields of a request (RFC 7240), as far as Berth knows preferences: `wait` and `respond-async`.
/// Others are ignored, as the RFC wants it; what is no wait that can be had is refused, since a typo would go unnoticed.
struct Prefer {
    let wait: WaitPreference?

    /// - Throws: `invalid-field` for a `wait` that is no whole number from 0 to 3600.
    init(_ fields: HTTPFields) throws(BerthError) {
        var seconds: Int64?
        var isAsync = false
        for field in fields[values: .prefer] {
            for preference in Self.split(field, at: ",") {
                // What stands behind a semicolon belongs to the preference, and Berth's have no parameters.
                let parts = (Self.split(preference, at: ";").first ?? "").split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = parts.first.map({ Self.trimmed($0).lowercased() }) else { continue }
                let value = parts.count > 1 ? Self.unquoted(Self.trimmed(parts[1])) : nil
                switch name {
                case "respond-async": isAsync = true
                // The first one counts (RFC 7240, 2).
                case "wait" where seconds == nil: seconds = try Self.seconds(value)
                default: break
                }
            }
        }
        wait = seconds == nil && !isAsync ? nil : WaitPreference(seconds: seconds, isAsync: isAsync)
    }

    private static func seconds(_ text: String?) throws(BerthError) -> Int64 {
        guard let text, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let seconds = Int64(text), seconds <= WaitPreference.maxSeconds
        else {
            throw BerthError.invalid(
                "Prefer", "wait must be a whole number of seconds from 0 to \(WaitPreference.maxSeconds)")
        }
        return seconds
    }

    /// Splits where the character stands outside of quotes.
    private static func split(_ text: String, at separator: Character) -> [String] {
        var parts = [""]
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if character == separator, !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    private static func unquoted(_ text: String) -> String {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
    }
}
