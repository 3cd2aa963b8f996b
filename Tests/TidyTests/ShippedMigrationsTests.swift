import Crypto
import Foundation
import Testing

/// A migration that was shipped never changes: databases were made with it.
@Suite struct `Shipped migrations` {
    /// SHA-256 of each shipped file. A new migration adds a line; no line ever changes after a release.
    private static let checksums = [
        "V001__leases.sql": "3b4b845d3aa3951b8d23a488fb6578269bce372be485f77532a286a8d486046d",
        "V002__deaths.sql": "e8543a0d7e27a5dbe85ff53a0b988b3aea0dc1c10af91ba0e1103f9836f73485",
        "V003__audit.sql": "73a244ff60a8c958abb1773c556f14151efe532895c5146beb72f3c02f9f20d2",
        "V004__pruning.sql": "a7a62dbf3c3ce517df1c9ddeb6eeb412f35bd3146079b1604a78b3a2dd9557f2",
        "V005__line.sql": "d5086ba97c8f5bdc8b58562b454d9330087d509d56485ef5bd210af357a5fd29",
        "V006__cheaper_rules.sql": "4916182c6a5e76bd7e294a881b9f706bec7b1f20292074db3bb4ec5a7b7e24cb",
        "V007__tokens.sql": "6f680fa0c5207b76b6d27e4ec58a44e201ee276eaac531cfd05515df9109497d",
        "V008__templates.sql": "8a774d16c4d26a41fef5155955c3a8a80f21f0f87347fb49f9eaf33d23596e98",
        "V009__sleep.sql": "01ddce8cfdacfe19b51786b5cedc57a07d4670f046a26e51243213e9a36bea6f",
    ]

    @Test func `are as they were shipped`() throws {
        let files = ProjectFiles()
        let found = try Dictionary(
            uniqueKeysWithValues: files.names(in: "migrations").map { name in
                let hash = SHA256.hash(data: Data(try files.text("migrations/\(name)").utf8))
                return (name, hash.map { String(format: "%02x", $0) }.joined())
            })
        #expect(found == Self.checksums)
    }
}
