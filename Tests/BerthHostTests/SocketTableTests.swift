import BerthCore
import BerthTestSupport
import Testing

@testable import BerthHost

@Suite struct `Reading the socket tables` {
    private static let tcp = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 17 1 0 100 0
           1: 0200007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 18 1 0 20 4
           2: 0100007F:1F90 0100007F:C002 06 00000000:00000000 03:00000176 00000000     0        0 0 3 0
           3: 0100007F:1F90 0100007F:C003 05 00000000:00000000 03:00000176 00000000     0        0 0 3 0
           4: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 19 1 0 20 4
        """

    private func parse(
        _ text: String, _ transport: PortListener.TransportProtocol = .tcp
    ) throws -> [SocketTable.Entry] {
        SocketTable.parse(Array(text.utf8), 8080, transport)
    }

    @Test func `takes the port's lines, without TIME_WAIT and remote ports`() throws {
        let entries = try parse(Self.tcp)
        #expect(entries.map(\.address) == ["127.0.0.1", "127.0.0.2"])
        #expect(entries.map(\.inode) == [17, 18])
    }

    @Test func `knows no TIME_WAIT of UDP`() throws {
        #expect(try parse(Self.tcp, .udp).count == 4)
    }

    @Test func `writes IPv6 addresses canonically`() throws {
        let rest = "00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 5"
        let addresses = try [
            "00000000000000000000000000000000", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F",
            "B80D0120000000000000000001000000",
        ].map { try parse("0: \($0):1F90 \(rest)").first?.address }
        #expect(addresses == ["::", "::1", "127.0.0.1", "2001:db8::1"])
    }

    @Test(arguments: [
        "", "\n\n\n", ":", "::", "::1F90", "0: :1F90", "0: 0100007F:1F90", "0: 0100007F:1F9",
        "0: 0100007:1F90 0:0 0A 0:0 0:0 0 0 0 17", "0: XX00007F:1F90 0:0 0A 0:0 0:0 0 0 0 17",
        "0: 0100007F:1F90 0:0 0A 0:0 0:0 0 0 0 -17", "0: 0100007F:1F90:1 0:0 0A 0:0 0:0 0 0 0 17",
        "0: 0100007F:1F90 0:0 0A 0:0 0:0 0 0 0 99999999999999999999",
        "0: 0100007F:1F90X 0:0 0A 0:0 0:0 0 0 0 17", "0: \u{1F600}\u{1F600}:1F90 0:0 0A 0:0 0:0 0 0 0 17",
    ])
    func `skips lines that aren't the kernel's`(_ line: String) throws {
        #expect(try parse(line).isEmpty)
        #expect(try parse("\(line)\n\(Self.tcp)\n\(line)").count == 2)
    }

    @Test func `survives every cut and every changed byte`() throws {
        let port: Port = 8080
        let whole = Array(Self.tcp.utf8)
        for cut in 0...whole.count {
            #expect(SocketTable.parse(Array(whole[..<cut]), port, .tcp).count <= 2)
        }
        for place in whole.indices {
            var changed = whole
            changed[place] = 0xFF
            #expect(SocketTable.parse(changed, port, .tcp).count <= 3)
        }
    }

    @Test func `lets no command's name steer a terminal`() {
        #expect(SocketOwners.printable("a\u{1B}[31mb\nc\u{9B}") == "a?[31mb?c?")
        #expect(SocketOwners.printable("node (ü)") == "node (ü)")
    }
}
