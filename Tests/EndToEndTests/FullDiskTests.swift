import Glibc
import Testing

@Suite(.enabled(if: !SmallDisk.kinds.isEmpty, "this user can mount no file system, not even in a namespace"))
struct `A full disk` {
    /// A daemon, not started, with its database and its token on a disk of 40 MiB.
    private func withSmallDisk(_ kind: SmallDisk.Kind, _ body: (Daemon, SmallDisk) throws -> Void) throws {
        let daemon = try Daemon(Daemon.Setup(poolSize: 400))
        let disk = try SmallDisk(kind, megabytes: 40, in: daemon.folder)
        daemon.setup.wrapper = disk.wrapper
        daemon.setup.extra = ["--database", "\(disk.path)/berth.db", "--token-file", "\(disk.path)/token"]
        defer { daemon.kill() }
        try body(daemon, disk)
    }

    /// Leases single ports until one is refused, and returns what was granted.
    private func leaseUntilRefused(_ daemon: Daemon) throws -> [JSON] {
        var leases: [JSON] = []
        while true {
            let response = try daemon.lease("alice", 1)
            guard response.status == 201 else {
                #expect(response.status == 503)
                #expect(response.json["code"] == "storage-unavailable")
                #expect(response.headers.contains { $0.name.lowercased() == "retry-after" })
                return leases
            }
            leases.append(response.json)
        }
    }

    @Test(arguments: SmallDisk.kinds)
    func `refuses what grows, releases everything, survives SIGKILL, and recovers by itself`(
        kind: SmallDisk.Kind
    ) throws {
        try withSmallDisk(kind) { daemon, disk in
            try daemon.start()
            var leases: [JSON] = []
            for _ in 0..<150 { leases.append(try daemon.granted("alice", 1)) }
            disk.fill()
            leases += try leaseUntilRefused(daemon)
            #expect(try daemon.call("GET", "/readyz").status == 503)
            #expect(try daemon.shown(leases[0])["state"] == "active")

            for lease in leases.prefix(75) { #expect(try daemon.release(lease).status == 204) }
            #expect(try daemon.lease("bob", 1).status == 503)
            disk.fill()
            daemon.kill()
            _ = try daemon.launch()
            #expect(becomesTrue(within: 20, { (try? daemon.call("GET", "/livez"))?.status == 200 }))
            for lease in leases.dropFirst(75) { #expect(try daemon.release(lease).status == 204) }
            for lease in leases { #expect(try daemon.shown(lease)["state"] == "released") }
            #expect(try daemon.lease("bob", 1).status == 503)

            disk.makeRoom()
            #expect(try becomesTrue(within: 10, { try daemon.lease("bob", 1).status == 201 }))
            #expect(try daemon.call("GET", "/readyz").status == 200)
        }
    }

    @Test(arguments: SmallDisk.kinds)
    func `refuses the first start of all, and leaves nothing that keeps the next one from working`(
        kind: SmallDisk.Kind
    ) throws {
        try withSmallDisk(kind) { daemon, disk in
            disk.fill()
            guard case .exited(let code) = try daemon.launch().wait(within: 20) else {
                throw HarnessError("it was killed: \(daemon.log)")
            }
            #expect(code != 0 && daemon.log.contains(disk.path), "\(daemon.log)")
            disk.makeRoom()
            try daemon.start()
            #expect(try daemon.call(withToken: disk.text("token"), "GET", "/v1/leases").status == 200)
            #expect(try daemon.lease("alice", 1).status == 201)
        }
    }
}
