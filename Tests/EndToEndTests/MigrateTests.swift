import Glibc
import Testing

@Suite struct `berth migrate` {
    private func migrate(_ folder: TemporaryFolder, _ options: [String] = []) throws -> Invocation {
        try Invocation(["migrate", "--database", folder.file("data/berth.db")] + options, in: folder)
    }

    @Test func `says in a dry run what it would do, and makes no file`() throws {
        let folder = try TemporaryFolder()
        let planned = try migrate(folder, ["--dry-run"])
        #expect(planned.code == 0 && planned.output.hasPrefix("V001__leases\n"))
        #expect(access(folder.file("data"), F_OK) != 0)
        #expect(try migrate(folder).output == planned.output)

        let names = try TemporaryFolder.names(in: folder.file("data"))
        let bytes = TemporaryFolder.bytes(folder.file("data/berth.db"))
        let again = try migrate(folder, ["--dry-run"])
        #expect(again.code == 0 && again.output == "")
        #expect(try TemporaryFolder.names(in: folder.file("data")) == names)
        #expect(TemporaryFolder.bytes(folder.file("data/berth.db")) == bytes)
    }

    @Test func `reads beside a daemon in a dry run, and is refused otherwise`() throws {
        try withDaemon { daemon in
            let options = ["--database", daemon.database]
            let planned = try Invocation(["migrate", "--dry-run"] + options, in: daemon.folder)
            #expect(planned.code == 0 && planned.output == "")
            #expect(try Invocation(["migrate"] + options, in: daemon.folder).code == 75)
        }
    }
}
