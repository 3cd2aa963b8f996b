/// A call of etcd's Lease service, and what its answer must hold.
enum EtcdCall: Equatable {
    case grant
    case revoke(lease: UInt64)

    /// As long as the leases of the other measurements.
    private static let ttlSeconds: UInt64 = 300

    var name: String {
        switch self {
        case .grant: "LeaseGrant"
        case .revoke: "LeaseRevoke"
        }
    }

    var path: String { "/etcdserverpb.Lease/\(name)" }

    /// `LeaseGrantRequest` has the TTL in field 1, `LeaseRevokeRequest` the ID; before it stands what gRPC puts in front
    /// of each message: that it is not compressed, and its length.
    var message: [UInt8] {
        let body =
            switch self {
            case .grant: Protobuf.message(field: 1, Self.ttlSeconds)
            case .revoke(let lease): Protobuf.message(field: 1, lease)
            }
        return [0] + HTTP2Frame.bigEndian(UInt32(body.count)) + body
    }

    /// The calls' answers have etcd's header in field 1. A granted lease has its ID in field 2 and a TTL in field 3,
    /// which the server may have made longer; field 4 is an error.
    enum Outcome: Equatable {
        case granted(lease: UInt64)
        case revoked
    }

    /// What an answer of the right kind says; nil for any other.
    func outcome(of answer: [UInt8]) -> Outcome? {
        let length = answer.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard answer.count == 5 + length, answer.first == 0, let fields = Protobuf.fields(of: answer.dropFirst(5)),
            case .bytes = fields[1]
        else { return nil }
        switch self {
        case .revoke: return .revoked
        case .grant:
            guard case .varint(let lease) = fields[2], case .varint(let ttl) = fields[3], fields[4] == nil, lease > 0,
                ttl >= Self.ttlSeconds
            else { return nil }
            return .granted(lease: lease)
        }
    }
}
