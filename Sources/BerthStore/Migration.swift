import Crypto
import FoundationEssentials

/// One step of the schema, as shipped: a file of `migrations/`.
package struct Migration: Hashable, Sendable {
    /// 1, 2, 3, … without gaps.
    package let version: Int
    /// The file's name without its ending.
    package let name: String
    package let sql: String

    package init(version: Int, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }

    /// SHA-256 of the file, in hexadecimal: a shipped migration never changes, and a changed one is refused.
    package var checksum: String {
        SHA256.hash(data: Data(sql.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// All of them in order. A test compares the list with the folder.
    package static let all: [Migration] = [
        Migration(
            version: 1, name: "V001__leases", sql: String(decoding: PackageResources.V001__leases_sql, as: UTF8.self)),
        Migration(
            version: 2, name: "V002__deaths", sql: String(decoding: PackageResources.V002__deaths_sql, as: UTF8.self)),
        Migration(
            version: 3, name: "V003__audit", sql: String(decoding: PackageResources.V003__audit_sql, as: UTF8.self)),
        Migration(
            version: 4, name: "V004__pruning",
            sql: String(decoding: PackageResources.V004__pruning_sql, as: UTF8.self)),
        Migration(
            version: 5, name: "V005__line", sql: String(decoding: PackageResources.V005__line_sql, as: UTF8.self)),
        Migration(
            version: 6, name: "V006__cheaper_rules",
            sql: String(decoding: PackageResources.V006__cheaper_rules_sql, as: UTF8.self)),
        Migration(
            version: 7, name: "V007__tokens", sql: String(decoding: PackageResources.V007__tokens_sql, as: UTF8.self)),
        Migration(
            version: 8, name: "V008__templates",
            sql: String(decoding: PackageResources.V008__templates_sql, as: UTF8.self)),
        Migration(
            version: 9, name: "V009__sleep", sql: String(decoding: PackageResources.V009__sleep_sql, as: UTF8.self)),
    ]
}
