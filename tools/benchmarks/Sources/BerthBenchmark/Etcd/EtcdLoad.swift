/// Leases of a running etcd, without any key in them: LeaseGrant, then LeaseRevoke, each a change that etcd's log has on
/// disk before the answer. One connection for each client.
package struct EtcdLoad {
    private let endpoint: Endpoint
    private let authority: String

    /// - Parameter address: `ADDRESS:PORT`, where etcd listens for clients without TLS.
    package init(address: String) throws(BenchmarkError) {
        endpoint = try .tcp(address, token: nil)
        authority = address
    }

    package func measure(
        connections: Int, warmUp: Nanoseconds, duration: Nanoseconds, daemon: CPUClock?
    ) throws(BenchmarkError) -> Measurement {
        let clients = try (0..<connections).map { _ throws(BenchmarkError) in
            try EtcdClient(endpoint: endpoint, authority: authority)
        }
        return try ClosedLoop(clients, daemon: daemon).run(warmUp: warmUp, duration: duration)
    }
}
