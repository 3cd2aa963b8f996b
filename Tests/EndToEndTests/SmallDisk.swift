import Glibc

/// A small file system of the test's own, in a mount namespace that lives as long as this.
final class SmallDisk {
    /// What keeps the files.
    enum Kind: String, CaseIterable {
        /// Memory, which a user without rights can mount in a namespace of their own.
        case tmpfs
        /// An image behind a loop device, which only root can mount.
        case ext4

        fileprivate func mount(at path: String, image: String, megabytes: Int) -> String {
            switch self {
            case .tmpfs: "mount -t tmpfs -o size=\(megabytes)m,mode=0700 tmpfs \(path)"
            case .ext4:
                "truncate -s \(megabytes)M \(image) && mkfs.ext4 -q \(image) && mount -o loop \(image) \(path)"
                    + " && chmod 700 \(path)"
            }
        }
    }

    /// Those that can be mounted here. It is asked once, by mounting them.
    static let kinds: [Kind] = Kind.allCases.filter { kind in
        guard let folder = try? TemporaryFolder() else { return false }
        return (try? SmallDisk(kind, megabytes: 4, in: folder)) != nil
    }

    let path: String
    private let holder: ChildProcess

    /// - Throws: where this user cannot mount such a one.
    init(_ kind: Kind, megabytes: Int, in folder: TemporaryFolder) throws {
        path = folder.file("disk")
        let ready = folder.file("disk-is-ready")
        let mount = kind.mount(at: path, image: folder.file("image"), megabytes: megabytes)
        let script = "mkdir -m 700 \(path) && \(mount) && touch \(ready) && exec sleep infinity"
        holder = try ChildProcess(
            ["unshare"] + Self.namespaces + ["sh", "-c", script],
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"], log: folder.file("disk-log"))
        let holder = holder
        let isOver = try becomesTrue(within: 20) {
            if access(ready, F_OK) == 0 { return true }
            return try holder.status() != nil
        }
        guard isOver, access(ready, F_OK) == 0 else { throw HarnessError("no \(kind) here: \(holder.errors)") }
    }

    deinit { holder.kill() }

    /// A command that runs another one where the disk is mounted.
    var wrapper: [String] {
        ["nsenter", "-t", "\(holder.id)"] + (getuid() == 0 ? ["-m"] : ["-U", "--preserve-credentials", "-m"])
    }

    /// An ordinary user is root in a user namespace of their own (user_namespaces(7)).
    private static var namespaces: [String] { getuid() == 0 ? ["-m"] : ["-r", "-m"] }

    /// A file on the disk as it is seen from outside.
    private func outside(_ name: String) -> String { "/proc/\(holder.id)/root\(path)/\(name)" }

    /// A file's text, without white space around it.
    func text(_ name: String) -> String {
        String(TemporaryFolder.text(outside(name)).filter { !$0.isWhitespace })
    }

    private var filler: String { outside("filler") }

    /// Writes until nothing more fits, not a byte.
    func fill() {
        let file = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 65_536)
        for size in [65_536, 4096, 512, 1] { while write(file, zeros, size) > 0 {} }
        // What was promised room only is given it now.
        fsync(file)
    }

    /// Takes away what ``fill()`` wrote.
    func makeRoom() { unlink(filler) }
}
