/// A name that was checked when it was made: a value of the type is always well formed.
package protocol CheckedName: RawRepresentable, Hashable, Sendable, CustomStringConvertible where RawValue == String {
    /// The rule in words, for whoever gave a name that breaks it.
    static var rule: String { get }
}

extension CheckedName {
    package var description: String { rawValue }
}

/// The name of a session: unique on the host while the session is active.
package struct SessionName: CheckedName {
    package static let rule = "1 to 128 characters of A-Z a-z 0-9 . _ : @ / -"
    package let rawValue: String

    package init?(rawValue: String) {
        guard rawValue.isName(of: 1...128, where: isHolderNameByte) else { return nil }
        self.rawValue = rawValue
    }
}

/// The name of a lease inside its session; it makes leasing idempotent.
package struct LeaseName: CheckedName {
    package static let rule = SessionName.rule
    package let rawValue: String

    package init?(rawValue: String) {
        guard rawValue.isName(of: 1...128, where: isHolderNameByte) else { return nil }
        self.rawValue = rawValue
    }

    /// The name of the lease that a template's agents have their ports from.
    package init(ofTemplate template: TemplateName) {
        // A template's name keeps to the rule of leases' names too.
        rawValue = Self.templatePrefix + template.rawValue
    }

    private static let templatePrefix = "template:"

    /// Whether it may be such a name. Whoever leases may choose one that looks like it.
    package var mayBeOfTemplate: Bool { rawValue.hasPrefix(Self.templatePrefix) }
}

/// The name of an agent, a process on one port of a lease. It also makes an environment variable's name.
package struct AgentName: CheckedName {
    package static let rule = "1 to 63 characters of a-z 0-9 -"
    package let rawValue: String

    package init?(rawValue: String) {
        guard rawValue.isName(of: 1...63, where: isLabelByte) else { return nil }
        self.rawValue = rawValue
    }
}

/// The name of a pool of ports.
package struct PoolName: CheckedName {
    package static let rule = "1 to 63 characters of a-z 0-9 -"
    package let rawValue: String

    /// The pool of a request that names none.
    package static let standard = PoolName(unchecked: "default")

    package init?(rawValue: String) {
        guard rawValue.isName(of: 1...63, where: isLabelByte) else { return nil }
        self.rawValue = rawValue
    }

    private init(unchecked rawValue: String) { self.rawValue = rawValue }
}

private func isHolderNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "/"),
        UInt8(ascii: "-"):
        true
    default: false
    }
}

func isLabelByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
    default: false
    }
}

extension String {
    func isName(of lengths: ClosedRange<Int>, where isAllowed: (UInt8) -> Bool) -> Bool {
        lengths.contains(utf8.count) && utf8.allSatisfy(isAllowed)
    }
}
