import Testing

@testable import BerthHost

@Suite struct `Reading process files` {
    private func stat(_ command: String, state: String = "S", threads: Int = 1) -> [UInt8] {
        let before = "1 42 42 0 -1 4194304 100 0 0 0 1 2 0 0 20 0"
        return Array("42 (\(command)) \(state) \(before) \(threads) 0 777 1000 1\n".utf8)
    }

    @Test(arguments: ["sleep", "a b", "x) S 1 1 (", ") R", "((", "", "\n", "\u{FF}"])
    func `reads the start time behind any name`(_ command: String) throws {
        let read = try #require(ProcessStat(stat(command)))
        #expect(read.startTicks == 777)
        #expect(read.state == UInt8(ascii: "S"))
        #expect(!read.isDead)
    }

    @Test func `takes a zombie for dead unless threads run on`() throws {
        #expect(try #require(ProcessStat(stat("a", state: "Z"))).isDead)
        #expect(try #require(ProcessStat(stat("a", state: "X", threads: 0))).isDead)
        #expect(try #require(ProcessStat(stat("a", state: "Z", threads: 2))).isDead == false)
        #expect(try #require(ProcessStat(stat("a", state: "T"))).isDead == false)
    }

    @Test(arguments: ["", ")", "42 (a", "42 (a) ", "42 (a) S 1 2 3", "42 (a) SS 1 2"])
    func `reads nothing from other text`(_ text: String) {
        #expect(ProcessStat(Array(text.utf8)) == nil)
    }

    @Test func `survives every cut of a stat and a status`() {
        let whole = stat("a")
        for cut in 0..<(whole.count - 12) { #expect(ProcessStat(Array(whole[..<cut])) == nil) }
        let status = Array("Name:\ta\nTgid:\t7\nUid:\t1000\t1\t2\t3\n".utf8)
        for cut in 0...status.count {
            if let read = ProcessStatus(Array(status[..<cut])) { #expect(read.leader == 7) }
        }
    }

    @Test func `reads the real user and the leader`() throws {
        let text = "Name:\tUid: 0\\nUid:\nState:\tS (sleeping)\nTgid:\t7\nPid:\t8\nUid:\t1000\t0\t0\t0\nGid:\t5\n"
        let status = try #require(ProcessStatus(Array(text.utf8)))
        #expect(status.realUser == 1000)
        #expect(status.leader == 7)
    }

    @Test(arguments: ["", "Uid:\t1000", "Tgid:\t7", "Tgid:\t7\nUid:\t-1", "Tgid:\tx\nUid:\t1"])
    func `reads no status from other text`(_ text: String) {
        #expect(ProcessStatus(Array(text.utf8)) == nil)
    }
}
