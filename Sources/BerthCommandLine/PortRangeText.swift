import BerthCore

/// Ports and ranges of ports as people write them.
enum PortRangeText {
    /// Reads `20000-29999` or `20080`.
    static func block(_ text: String, _ source: SettingSource) throws(BerthError) -> PortBlock {
        guard let match = text.wholeMatch(of: /\s*(\d+)(?:\s*-\s*(\d+))?\s*/) else {
            throw .setting(source, "'\(text)' is neither a port nor a range such as 20000-29999")
        }
        guard let first = Int(match.1).flatMap({ Port($0) }),
            let last = match.2.map({ Int($0).flatMap { Port($0) } }) ?? first
        else { throw .setting(source, "'\(text)' leaves the ports there are: 1 to 65535") }
        guard let block = PortBlock(first: first, last: last) else {
            throw .setting(source, "the range '\(text)' is empty: its last port comes before its first")
        }
        return block
    }

    /// Reads `20000-24999,26000-29999`.
    static func blocks(_ text: String, _ source: SettingSource) throws(BerthError) -> [PortBlock] {
        var blocks: [PortBlock] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            blocks.append(try block(String(part), source))
        }
        return blocks
    }
}
