import BerthCore

/// Collects what is wrong with a part of a file, so that whoever wrote it mends all of it at once.
final class Mistakes {
    struct Mistake: Sendable {
        /// Where it is told, among the others.
        let line: Int
        let message: String
    }

    private var found: [Mistake] = []

    /// In the file's order.
    var all: [Mistake] { Self.sorted(found) }

    func note(_ source: SettingSource, _ detail: String) {
        found.append(Mistake(line: source.line, message: "\(source): \(detail)"))
    }

    /// What `read` reads; nil where that is nothing, or a mistake, which is noted.
    func attempt<Value>(_ near: SettingSource, _ read: () throws(BerthError) -> Value?) -> Value? {
        do {
            return try read()
        } catch {
            found.append(Mistake(line: Self.line(of: error, near), message: error.message))
            return nil
        }
    }

    /// The line that the message begins with, as every setting's does.
    private static func line(of error: BerthError, _ near: SettingSource) -> Int {
        guard case .file(let path, _) = near, error.message.hasPrefix("\(path), line ") else { return near.line }
        return Int(error.message.dropFirst(path.count + 7).prefix { $0.isNumber }) ?? near.line
    }

    /// All of them as one error, which tells each on a line of its own; nil when there are none.
    static func error(_ mistakes: [Mistake]) -> BerthError? {
        guard !mistakes.isEmpty else { return nil }
        return BerthError(.configuration, sorted(mistakes).map(\.message).joined(separator: "\n"))
    }

    /// Those of one line stay in the order in which they were found.
    private static func sorted(_ mistakes: [Mistake]) -> [Mistake] {
        mistakes.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    }
}
