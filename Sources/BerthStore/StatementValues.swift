import GRDB

/// What SQLite takes for a parameter of a statement; GRDB knows how each kind is bound.
typealias StatementValue = DatabaseValueConvertible & StatementBinding

/// The values of a statement's parameters, in order.
struct StatementValues: ExpressibleByArrayLiteral {
    private(set) var values: [(any StatementValue)?]

    init(arrayLiteral values: (any StatementValue)?...) { self.values = values }

    static func += (left: inout StatementValues, right: StatementValues) { left.values += right.values }

    /// The same for GRDB.
    var arguments: StatementArguments { StatementArguments(values.map { $0 as (any DatabaseValueConvertible)? }) }
}
