import BerthCore
import BerthHost
import BerthTestSupport
import Glibc
import Testing

@Suite struct `Access to a socket's file` {
    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : .max
    }

    /// A file in place of a socket: their modes and groups are the same to chmod(2) and chown(2).
    private func file(in folder: TemporaryFolder) -> String {
        let path = folder.file("s")
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        return path
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32])
    func `becomes the mode that was asked for`(wanted: UInt32) throws {
        let folder = try TemporaryFolder()
        let path = file(in: folder)
        try SocketAccess(mode: wanted, group: nil).apply(to: path)
        #expect(mode(path) == wanted)
        // The process's own group can always be given.
        try SocketAccess(mode: wanted, group: String(getegid())).apply(to: path)
        #expect(mode(path) == wanted)
    }

    @Test func `refuses a group that is not there`() {
        for name in ["no-such-group-of-berths", "", "-1", "99999999999"] {
            let error = #expect(throws: BerthError.self) { try SocketAccess(mode: 0o660, group: name) }
            #expect(error?.code == .configuration, "\(name)")
        }
    }

    @Test func `tells a socket that is gone`() throws {
        let access = try SocketAccess(mode: 0o660, group: nil)
        #expect(throws: SystemError.self) { try access.apply(to: "/tmp/no-such-folder-of-berths/s") }
    }

    @Test func `names the folder that keeps others out`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        #expect(try SocketAccess(mode: 0o600, group: nil).obstacle(on: path) == nil)
        #expect(try SocketAccess(mode: 0o660, group: nil).obstacle(on: path) == folder.path)
        chmod(folder.path, 0o710)
        #expect(try SocketAccess(mode: 0o660, group: nil).obstacle(on: path) == nil)
        #expect(try SocketAccess(mode: 0o666, group: nil).obstacle(on: path) == folder.path)
        chmod(folder.path, 0o711)
        #expect(try SocketAccess(mode: 0o666, group: nil).obstacle(on: path) == nil)
        #expect(try SocketAccess(mode: 0o666, group: nil).obstacle(on: "s") == nil)
    }
}
