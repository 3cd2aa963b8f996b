import BerthCore
import BerthTestSupport
import Testing

@Suite struct `A port` {
    @Test(arguments: [Int.min, -1, 0, 65_536, 65_537, .max])
    func `has no number outside 1 to 65535`(number: Int) {
        #expect(Port(number) == nil)
    }

    @Test(arguments: [1, 80, 65_535])
    func `keeps its number and shows it plainly`(number: Int) throws {
        let port = try #require(Port(number))
        #expect(Int(port.number) == number)
        #expect(port.description == String(number))
    }

    @Test func `is never zero, which asks the kernel for any port`() {
        #expect(Port(UInt16(0)) == nil)
    }

    @Test func `comes before those with higher numbers`() {
        let ports = [8080, 1, 65_535, 443].compactMap { Port($0) }
        #expect(ports.sorted().map(\.number) == [1, 443, 8080, 65_535])
    }
}
