import BerthCore
import Testing

@Suite struct `Files and folders among other users` {
    @Test(
        arguments: [
            (0o700, 7, true), (0o755, 7, true), (0o750, 0, true), (0o1777, 0, true), (0o1770, 7, true),
            (0o3775, 0, true), (0o720, 7, false), (0o702, 7, false), (0o2770, 7, false), (0o777, 0, false),
            (0o700, 8, false), (0o1777, 8, false),
        ] as [(UInt32, UInt32, Bool)])
    func `a folder is safe where nobody but root and its user can put things`(
        mode: UInt32, owner: UInt32, isSafe: Bool
    ) {
        #expect((FileTrust.fault(ofFolder: mode, owner: owner, user: 7) == nil) == isSafe)
    }

    @Test(
        arguments: [
            (0o600, 7, true), (0o644, 7, true), (0o644, 0, true), (0o620, 7, false), (0o602, 0, false),
            (0o600, 8, false),
        ] as [(UInt32, UInt32, Bool)])
    func `a file decides on commands where nobody but root and its user can change it`(
        mode: UInt32, owner: UInt32, isSafe: Bool
    ) {
        #expect((FileTrust.fault(ofCommands: mode, owner: owner, user: 7) == nil) == isSafe)
        #expect((FileTrust.fault(ofCommands: mode, owner: owner, user: owner) == nil) == (isSafe || owner == 8))
    }

    @Test func `what is wrong is told`() {
        #expect(FileTrust.fault(ofFolder: 0o700, owner: 8, user: 7) == "belongs to user 8")
        #expect(FileTrust.fault(ofFolder: 0o2770, owner: 7, user: 7) == "can be written by others (mode 2770)")
        #expect(FileTrust.fault(isOrdinary: true, owner: 8, user: 7) == "belongs to user 8, and this is user 7")
    }

    @Test func `a file is one's own when it is ordinary and belongs to nobody else, root included`() {
        #expect(FileTrust.fault(isOrdinary: true, owner: 7, user: 7) == nil)
        #expect(FileTrust.fault(isOrdinary: false, owner: 7, user: 7) != nil)
        #expect(FileTrust.fault(isOrdinary: true, owner: 0, user: 7) != nil)
        #expect(FileTrust.fault(isOrdinary: true, owner: 8, user: 0) != nil)
    }
}
