import Testing

@testable import BerthRouter

@Suite struct `A card's entity tag` {
    private let tag = EntityTag(field: "\"abc\"")

    @Test func `names exactly these bytes`() {
        let tag = EntityTag(of: Array("{}".utf8))
        #expect(tag.description.wholeMatch(of: /"[0-9a-f]{32}"/) != nil)
        #expect(tag == EntityTag(of: Array("{}".utf8)) && tag != EntityTag(of: Array("{} ".utf8)))
        // The head of SHA-256 of "{}".
        #expect(tag.description.hasPrefix("\"44136fa355b3678a"))
    }

    @Test(arguments: [
        ["\"abc\""], ["W/\"abc\""], ["*"], [" * "], ["\"x\", \"abc\""], ["\"x\"", "\"abc\""], ["\"a,b\",\t\"abc\" ,"],
        ["\"x\"  W/\"abc\""],
    ])
    func `is found in what the client has`(values: [String]) {
        #expect(tag.isNamed(by: values))
        #expect(EntityTag(field: "W/\"abc\"").isNamed(by: values))
    }

    @Test(arguments: [
        [], [""], ["abc"], ["\"ab\""], ["\"abc"], ["\"x,\"abc\""], ["w/\"abc\""], ["\"ABC\""], ["\"*\""], ["*, \"x\""],
        ["\"abc\"x"], ["\"a\"\"abc\""],
    ])
    func `is not found elsewhere`(values: [String]) {
        #expect(!tag.isNamed(by: values))
    }
}
