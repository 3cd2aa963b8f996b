import Glibc
import Testing

/// A file system of the test's own, in memory, in a mount namespace that lives as long as this.
private final class SmallDisk {
    let path: String
    private let holder: ChildProcess

    /// - Returns: nil where this user may not mount anything.
    init?(megabytes: Int, in folder: TemporaryFolder) throws {
        path = folder.file("disk")
        let ready = folder.file("disk-is-ready")
        let script = """
            mkdir -m 700 \(path) && mount -t tmpfs -o size=\(megabytes)m,mode=0700 tmpfs \(path) && touch \(ready) \
            && exec sleep infinity
            """
        holder = try ChildProcess(
            ["unshare", "-m", "sh", "-c", script], environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"],
            log: folder.file("disk-log"))
        let holder = holder
        let isOver = try becomesTrue(within: 10) {
            if access(ready, F_OK) == 0 { return true }
            return try holder.status() != nil
        }
        guard isOver, access(ready, F_OK) == 0 else { return nil }
    }

    deinit { holder.kill() }

    /// A command that runs another one where the disk is mounted.
    var wrapper: [String] { ["nsenter", "-t", "\(holder.id)", "-m"] }

    private var filler: String { "/proc/\(holder.id)/root\(path)/filler" }

    /// Writes until nothing more fits.
    func fill() {
        let file = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(file, zeros, zeros.count) > 0 {}
    }

    /// Takes away what ``fill()`` wrote.
    func makeRoom() { unlink(filler) }
}

@Suite struct `A full disk` {
    /// The daemon with its database on a disk of 40 MiB.
    private func withSmallDisk(_ body: (Daemon, SmallDisk) throws -> Void) throws {
        let daemon = try Daemon(Daemon.Setup(poolSize: 400))
        guard let disk = try SmallDisk(megabytes: 40, in: daemon.folder) else {
            print("A full disk: not tried, since this user may not mount one")
            return
        }
        daemon.setup.wrapper = disk.wrapper
        daemon.setup.extra = ["--database", "\(disk.path)/berth.db"]
        defer { daemon.kill() }
        try daemon.start()
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

    @Test func `refuses what grows, releases everything, survives SIGKILL, and recovers by itself`() throws {
        try withSmallDisk { daemon, disk in
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
}
