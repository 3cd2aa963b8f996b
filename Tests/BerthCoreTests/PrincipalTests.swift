import BerthCore
import BerthTestSupport
import Testing

@Suite struct `A principal` {
    @Test(arguments: [
        (Principal.user(0), "uid:0"), (.user(1000), "uid:1000"), (.user(.max), "uid:4294967295"),
        (.token("ci"), "token:ci"), (.token("uid:0"), "token:uid:0"), (.token("token:x"), "token:token:x"),
        (.token("daemon"), "token:daemon"), (.daemon, "daemon"),
    ])
    func `is read back from its text`(principal: Principal, text: String) {
        #expect(principal.description == text)
        #expect(Principal(text) == principal)
    }

    @Test(arguments: [
        "", "uid:", "uid:-1", "uid:4294967296", "uid:1000 ", "uid:x", "UID:1", "token:", "token", "Daemon", "daemon ",
        "root", "1000",
    ])
    func `is not read from anything else`(text: String) {
        #expect(Principal(text) == nil)
    }

    @Test func `is read back for any user`() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<2_000 {
            let principal = Principal.user(UInt32.random(in: 0...UInt32.max, using: &random))
            #expect(Principal(principal.description) == principal)
        }
    }
}
