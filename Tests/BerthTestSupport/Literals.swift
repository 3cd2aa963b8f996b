package import BerthCore

// Values of the domain as literals, for tests alone: one that breaks its rule stops the test.

extension SessionName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = checked(text) }
}

extension LeaseName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = checked(text) }
}

extension AgentName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = checked(text) }
}

extension PoolName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = checked(text) }
}

extension TokenName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = checked(text) }
}

extension TemplateName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = checked(text) }
}

extension VariableName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self = checked(text) }
}

extension Port: ExpressibleByIntegerLiteral {
    package init(integerLiteral number: Int) { self = .of(number) }

    /// The port of that number; a test that names an impossible one stops here.
    package static func of(_ number: Int) -> Port {
        guard let port = Port(number) else { preconditionFailure("\(number) is no port") }
        return port
    }
}

extension LeaseID: ExpressibleByIntegerLiteral {
    package init(integerLiteral number: Int64) { self.init(number) }
}

extension PortBlock {
    /// The block of `count` ports from `first` on; a test that names an impossible one stops here.
    package static func of(_ first: Int, _ count: Int) -> PortBlock {
        guard let block = PortBlock(first: .of(first), count: count) else {
            preconditionFailure("\(count) ports from \(first) on are no block")
        }
        return block
    }
}

private func checked<Name: CheckedName>(_ text: String) -> Name {
    guard let name = Name(rawValue: text) else { preconditionFailure("\(text) breaks the rule: \(Name.rule)") }
    return name
}
