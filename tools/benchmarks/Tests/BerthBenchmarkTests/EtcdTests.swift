import Testing

@testable import BerthBenchmark

@Suite struct `Frames of HTTP 2` {
    private func written(_ flags: HTTP2Frame.Flags = .endStream, _ payload: [UInt8] = [7, 8, 9]) -> [UInt8] {
        var bytes: [UInt8] = []
        HTTP2Frame.append(.data, flags, stream: 0x0102_0304, payload: payload, to: &bytes)
        return bytes
    }

    @Test func `are written as RFC 9113 has them`() {
        #expect(written() == [0, 0, 3, 0, 1, 1, 2, 3, 4, 7, 8, 9])
    }

    @Test func `are read where they stand`() throws {
        let frame = try HTTP2Frame.scan([0xff] + written() + [0], from: 1)
        #expect(frame == HTTP2Frame(kind: .data, flags: .endStream, stream: 0x0102_0304, payload: 10..<13))
    }

    @Test func `wait for the rest wherever the bytes were cut`() throws {
        for length in 0..<written().count {
            #expect(try HTTP2Frame.scan(Array(written().prefix(length)), from: 0) == nil)
        }
    }

    @Test func `of an unknown kind are no error`() throws {
        let frame = try #require(try HTTP2Frame.scan([0, 0, 0, 0x42, 0, 0x80, 0, 0, 1], from: 0))
        #expect(frame.kind == nil)
        #expect(frame.stream == 1)
    }

    @Test func `over 16 KiB are refused`() {
        #expect(throws: HTTP2Frame.Defect.tooLong) { try HTTP2Frame.scan([1, 0, 0, 0, 0, 0, 0, 0, 1], from: 0) }
    }

    @Test func `lose their padding and priority`() throws {
        let bytes = written(.padded, [2, 7, 8, 0, 0])
        let padded = try #require(try HTTP2Frame.scan(bytes, from: 0))
        #expect(try Array(bytes[padded.content(of: bytes)]) == [7, 8])

        let short = written(.padded, [9, 7, 8])
        let frame = try #require(try HTTP2Frame.scan(short, from: 0))
        #expect(throws: HTTP2Frame.Defect.padding) { try frame.content(of: short) }

        let headers = HTTP2Frame(kind: .headers, flags: .priority, stream: 1, payload: 9..<20)
        #expect(try headers.content(of: []) == 14..<20)
    }

    @Test func `count what either side may still send`() {
        var window = HTTP2Window()
        var taken: [Bool] = []
        for count in [65_535, 1] { taken.append(window.take(count)) }
        window.grow([0, 0, 1, 0])
        for count in [256, 1] { taken.append(window.take(count)) }
        #expect(taken == [true, false, true, false])
        #expect([30_000, 3000, 1].map { window.received($0) } == [0, 33_000, 0])
    }
}

@Suite struct `Fields of a header` {
    @Test func `are written without the dynamic table`() {
        let block = HPACK.callHeader(authority: "a", path: "/p")
        let plain: [UInt8] = [0x83, 0x86, 0x04, 2] + Array("/p".utf8) + [0x01, 1] + Array("a".utf8)
        let type: [UInt8] = [0x0f, 0x10, 16] + Array("application/grpc".utf8)
        #expect(block == plain + type + [0, 2] + Array("te".utf8) + [8] + Array("trailers".utf8))
    }

    private let name: [UInt8] = [0x40, 0x88, 0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f]

    @Test func `tell the status, in the Huffman code and without it`() {
        let plain = [0, 11] + Array("grpc-status".utf8)
        for name in [name, plain] {
            #expect(HPACK.saysOK((name + [1, 0x30])[...]))
            #expect(HPACK.saysOK((name + [0x81, 0x07])[...]))
            #expect(!HPACK.saysOK((name + [1, 0x35])[...]))
        }
        // A table's size, :status 200 from the static table, then an empty message.
        #expect(HPACK.saysOK(([0x20, 0x88, 0x00, 1, 0x61, 0] + name + [1, 0x30])[...]))
    }

    @Test func `that cannot be read do not say that all is well`() {
        #expect(!HPACK.saysOK([]))
        // A field that only the dynamic table has.
        #expect(!HPACK.saysOK(([0xbe] + name + [1, 0x30])[...]))
        for length in 0..<name.count { #expect(!HPACK.saysOK(name.prefix(length))) }
        #expect(!HPACK.saysOK((name + [5, 0x30])[...]))
    }
}

@Suite struct `Calls of etcd` {
    /// An answer with etcd's header, as gRPC frames it.
    private func answer(_ fields: [UInt8]) -> [UInt8] {
        let body: [UInt8] = [0x0a, 2, 0x18, 9] + fields
        return [0, 0, 0, 0, UInt8(body.count)] + body
    }

    @Test func `are protocol buffers behind a length`() {
        #expect(EtcdCall.grant.message == [0, 0, 0, 0, 3, 0x08, 0xac, 0x02])
        #expect(EtcdCall.revoke(lease: 1 << 40).message == [0, 0, 0, 0, 7, 8, 128, 128, 128, 128, 128, 32])
        #expect(EtcdCall.revoke(lease: 1).path == "/etcdserverpb.Lease/LeaseRevoke")
    }

    @Test func `have a lease in the answer to a grant`() {
        let granted = answer([0x10, 0x85, 0x01, 0x18, 0xac, 0x02])
        #expect(EtcdCall.grant.outcome(of: granted) == .granted(lease: 133))
        #expect(EtcdCall.revoke(lease: 1).outcome(of: answer([])) == .revoked)
    }

    @Test(
        arguments: [
            [], [0x10, 0x85, 0x01], [0x10, 0, 0x18, 0xac, 0x02], [0x10, 1, 0x18, 1],
            [0x10, 1, 0x18, 0xac, 0x02, 0x22, 1, 0x78], [0x10, 0x85],
        ] as [[UInt8]])
    func `fail when the answer grants nothing`(fields: [UInt8]) {
        #expect(EtcdCall.grant.outcome(of: answer(fields)) == nil)
    }

    @Test func `fail when the answer has no header of etcd, or another length`() {
        #expect(EtcdCall.revoke(lease: 1).outcome(of: [0, 0, 0, 0, 0]) == nil)
        #expect(EtcdCall.revoke(lease: 1).outcome(of: answer([]) + [0]) == nil)
        #expect(EtcdCall.revoke(lease: 1).outcome(of: []) == nil)
    }
}

@Suite struct `The answer to a call` {
    private let ok: [UInt8] = [0x40, 0x88, 0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f, 1, 0x30]

    @Test func `is whole with its trailers`() throws {
        var response = GRPCResponse()
        try response.header([0x88], .endHeaders)
        try response.data([1, 2], [])
        try response.data([3], [])
        #expect(!response.isWhole)
        try response.header(ok[...], [.endHeaders, .endStream])
        #expect(response.isWhole)
        #expect(response.message == [1, 2, 3])
    }

    @Test func `is a failure with trailers alone, or another status`() throws {
        var alone = GRPCResponse()
        #expect(throws: GRPCResponse.Defect.failed) { try alone.header(ok[...], [.endHeaders, .endStream]) }

        var failed = GRPCResponse()
        try failed.header([0x88], .endHeaders)
        #expect(throws: GRPCResponse.Defect.status) {
            try failed.header((ok.dropLast() + [0x35])[...], [.endHeaders, .endStream])
        }
    }

    @Test func `is refused out of order`() throws {
        var response = GRPCResponse()
        #expect(throws: GRPCResponse.Defect.order) { try response.data([1], []) }
        #expect(throws: GRPCResponse.Defect.fragmented) { try response.header([0x88], []) }
        try response.header([0x88], .endHeaders)
        #expect(throws: GRPCResponse.Defect.order) { try response.header([0x88], .endHeaders) }
        #expect(throws: GRPCResponse.Defect.order) { try response.data([1], .endStream) }
    }
}
