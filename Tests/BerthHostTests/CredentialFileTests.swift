import BerthCore
import BerthHost
import BerthTestSupport
import FoundationEssentials
import Glibc
import Testing

@Suite struct `Files of certificates and keys` {
    /// A file of these bytes and this mode, in a folder of the test's own.
    private func withFile<Result>(mode: mode_t, size: Int = 5, _ body: (String) throws -> Result) throws -> Result {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.file("file")
        try Data(repeating: 7, count: size).write(to: URL(filePath: path))
        #expect(chmod(path, mode) == 0)
        return try body(path)
    }

    private func complaint(_ body: () throws(BerthError) -> [UInt8]) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return error.code == .configuration ? error.message : "\(error)"
        }
    }

    @Test(arguments: [0o600, 0o400] as [mode_t])
    func `are read where nobody else may`(mode: mode_t) throws {
        try withFile(mode: mode) { path in
            let secret = try CredentialFile.readSecret(path)
            let open = try CredentialFile.read(path)
            #expect(secret == [7, 7, 7, 7, 7] && open == secret)
        }
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o601] as [mode_t])
    func `are no secret where others may`(mode: mode_t) throws {
        try withFile(mode: mode) { path in
            let complaint = complaint { () throws(BerthError) in try CredentialFile.readSecret(path) }
            #expect(complaint?.contains("chmod 600") == true && complaint?.contains(path) == true)
            let open = try CredentialFile.read(path)
            #expect(open.count == 5)
        }
    }

    @Test func `are followed through symbolic links, and looked at where those lead`() throws {
        try withFile(mode: 0o640) { path in
            #expect(symlink(path, path + "-link") == 0)
            #expect(throws: BerthError.self) { try CredentialFile.readSecret(path + "-link") }
            #expect(chmod(path, 0o600) == 0)
            let secret = try CredentialFile.readSecret(path + "-link")
            #expect(secret.count == 5)
        }
    }

    @Test func `hold no daemon up, and take no more than they may`() throws {
        try withFile(mode: 0o600, size: 1 << 20) { path in
            let longest = try CredentialFile.read(path)
            #expect(longest.count == 1 << 20)
        }
        try withFile(mode: 0o600, size: 1 << 20 + 1) { path in
            #expect(complaint { () throws(BerthError) in try CredentialFile.read(path) }?.contains("longer") == true)
            #expect(mkfifo(path + "-pipe", 0o600) == 0)
            for other in [path + "-pipe", path + "-absent", "/dev/zero", "/tmp"] {
                #expect(
                    complaint { () throws(BerthError) in try CredentialFile.read(other) }?.contains(other) == true)
            }
        }
    }
}
