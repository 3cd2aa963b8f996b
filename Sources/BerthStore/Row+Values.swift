import BerthCore
import GRDB

/// Columns as values of the domain. The constraints keep them well formed, so a value that is not is a broken file.
extension Row {
    func checked<Name: CheckedName>(_ column: String) throws -> Name {
        guard let name = Name(rawValue: self[column]) else { throw broken(column) }
        return name
    }

    func checkedIfPresent<Name: CheckedName>(_ column: String) throws -> Name? {
        guard (self[column] as String?) != nil else { return nil }
        return try checked(column) as Name
    }

    func port(_ column: String) throws -> Port {
        guard let port = Port(try integer(column) as Int) else { throw broken(column) }
        return port
    }

    func block() throws -> PortBlock {
        guard let block = PortBlock(first: try port("first_port"), count: try integer("count")) else {
            throw broken("count")
        }
        return block
    }

    /// A number that fits its type.
    func integer<Number: FixedWidthInteger>(_ column: String) throws -> Number {
        guard let number = try integerIfPresent(column) as Number? else { throw broken(column) }
        return number
    }

    func integerIfPresent<Number: FixedWidthInteger>(_ column: String) throws -> Number? {
        guard let number = self[column] as Int64? else { return nil }
        guard let fitting = Number(exactly: number) else { throw broken(column) }
        return fitting
    }

    func truth(_ column: String) throws -> Bool {
        switch try integer(column) as Int {
        case 0: false
        case 1: true
        default: throw broken(column)
        }
    }

    func principal(_ column: String = "principal") throws -> Principal {
        guard let principal = Principal(self[column] as String) else { throw broken(column) }
        return principal
    }

    private func broken(_ column: String) -> BerthError {
        BerthError(
            .internal, "The database holds a \(column) that Berth never writes: \(self[column] as DatabaseValue)")
    }
}
