import BerthCore
import BerthStore
import BerthTestSupport
import CFaultVFS
import FoundationEssentials
import GRDB
import Testing

/// A first start that lost power while SQLite switched the empty file to its log.
@Suite struct `A file that was never finished` {
    private let folder: TemporaryFolder
    private var path: String { folder.file("berth.db") }

    init() throws { folder = try TemporaryFolder() }

    /// Leaves what is there when the first page was written and its rollback journal not yet deleted.
    /// - Parameter keepsPage: whether the page's bytes arrived, or only its length.
    private func leaveUnfinished(keepsPage: Bool) throws {
        let disk = try FaultDisk()
        disk.record(syncMicroseconds: 0)
        try DatabaseFile(path: disk.path).close()
        let loss = power_loss_create(disk.number)
        defer { power_loss_destroy(loss) }
        // The sync of the first page is the first one of the database itself.
        power_loss_advance(loss, try #require(disk.syncs(of: "berth.db").first) + 1)
        _ = power_loss_cut(loss, 0)
        #expect(power_loss_write(loss, folder.path) == 0)
        #expect(FileManager.default.fileExists(atPath: path + "-journal"))
        if !keepsPage { try Data(count: 4096).write(to: URL(fileURLWithPath: path)) }
    }

    @Test(arguments: [true, false])
    func `is finished by the next start`(keepsPage: Bool) async throws {
        try leaveUnfinished(keepsPage: keepsPage)
        #expect(try DatabaseFile.pendingMigrations(at: path) == Migration.all.map(\.name))
        let file = try DatabaseFile(path: path)
        #expect(try await file.readers.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
        #expect(try await file.readers.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM leases") } == 0)
        try file.close()
    }

    /// A journal that was left by something else must not empty a database that is in use.
    @Test func `is told apart from a full one that such a journal lies beside`() throws {
        try leaveUnfinished(keepsPage: true)
        let journal = try Data(contentsOf: URL(fileURLWithPath: path + "-journal"))
        try FileManager.default.removeItem(atPath: path + "-journal")
        try FileManager.default.removeItem(atPath: path)
        try DatabaseFile(path: path).close()
        try journal.write(to: URL(fileURLWithPath: path + "-journal"))
        let before = try hash(ofFile: path)
        let thrown = #expect(throws: BerthError.self) { _ = try DatabaseFile(path: path) }
        #expect(thrown?.code == .configuration)
        #expect(try hash(ofFile: path) == before)
    }
}
