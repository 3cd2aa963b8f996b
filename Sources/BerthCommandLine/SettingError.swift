package import BerthCore

extension BerthError {
    /// A setting that cannot be used: exit code 78, and a message that begins with the place to mend.
    package static func setting(_ source: SettingSource, _ detail: String) -> BerthError {
        BerthError(.configuration, "\(source): \(detail)")
    }
}
