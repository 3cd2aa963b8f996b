/// Where a setting came from, in the words of whoever has to mend it.
package enum SettingSource: Hashable, Sendable {
    /// A command-line flag, with its dashes.
    case flag(String)
    /// An environment variable.
    case environment(String)
    /// A configuration file; `line` is nil where the whole file is meant.
    case file(String, line: Int?)
    /// Nobody set it.
    case standard

    /// The line of a file; 0 where none is known.
    package var line: Int {
        if case .file(_, let line?) = self { line } else { 0 }
    }
}

extension SettingSource: CustomStringConvertible {
    package var description: String {
        switch self {
        case .flag(let name): name
        case .environment(let name): name
        case .file(let path, let line): line.map { "\(path), line \($0)" } ?? path
        case .standard: "the default"
        }
    }
}

/// A value together with where it came from.
package struct Setting<Value: Sendable>: Sendable {
    package let value: Value
    package let source: SettingSource

    package init(_ value: Value, _ source: SettingSource) {
        self.value = value
        self.source = source
    }
}

extension Setting: Equatable where Value: Equatable {}
