import BerthCore

/// The layers of a configuration: a flag beats the environment, which beats the file, which beats the default.
struct Layers {
    let environment: [String: String]

    /// The uppermost text that is set. An environment variable that is empty counts as unset.
    func text(_ flag: String?, _ flagName: String, _ variable: String, _ file: Setting<String>?) -> Setting<String>? {
        if let flag { return Setting(flag, .flag(flagName)) }
        return self.variable(variable) ?? file
    }

    /// The uppermost whole number that is set, checked against `bounds` wherever it came from.
    func integer(
        _ flag: Int?, _ flagName: String, _ variable: String, _ file: Setting<Int>?, _ bounds: ClosedRange<Int>
    ) throws(BerthError) -> Int? {
        let expected = "must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
        var setting = file
        if let flag {
            setting = Setting(flag, .flag(flagName))
        } else if let text = self.variable(variable) {
            guard let number = Int(text.value) else { throw .setting(text.source, expected) }
            setting = Setting(number, text.source)
        }
        guard let setting else { return nil }
        guard bounds.contains(setting.value) else { throw .setting(setting.source, expected) }
        return setting.value
    }

    /// The uppermost number of seconds that a flag or the environment sets.
    func seconds(
        _ flag: Double?, _ flagName: String, _ variable: String, _ bounds: ClosedRange<Double>
    ) throws(BerthError) -> Double? {
        let expected = "must be a number of seconds from \(Int(bounds.lowerBound)) to \(Int(bounds.upperBound))"
        var setting: Setting<Double>?
        if let flag {
            setting = Setting(flag, .flag(flagName))
        } else if let text = self.variable(variable) {
            guard let number = Double(text.value) else { throw .setting(text.source, expected) }
            setting = Setting(number, text.source)
        }
        guard let setting else { return nil }
        guard bounds.contains(setting.value) else { throw .setting(setting.source, expected) }
        return setting.value
    }

    /// The uppermost yes or no that is set. A flag can only say yes.
    func choice(_ flag: Bool, _ variable: String, _ file: Setting<Bool>?) throws(BerthError) -> Bool {
        if flag { return true }
        guard let text = self.variable(variable) else { return file?.value ?? false }
        switch text.value {
        case "1", "true": return true
        case "0", "false": return false
        default: throw .setting(text.source, "must be 1 or true, 0 or false")
        }
    }

    func variable(_ name: String) -> Setting<String>? {
        environment[name].flatMap { $0.isEmpty ? nil : Setting($0, .environment(name)) }
    }
}
