/// The part of `/proc/PID/status` that says what a number stands for (proc_pid_status(5)).
struct ProcessStatus: Hashable, Sendable {
    /// The process that this thread belongs to.
    let leader: Int32
    /// The real user, in our user namespace.
    let realUser: UInt32
    /// Whether it lives in a PID namespace below ours (`NSpid`, since Linux 4.1), where it counts otherwise.
    let isNested: Bool

    /// Reads the file's text; nil when it isn't such a text. The kernel escapes newlines in the command's name, so no
    /// process can write lines here.
    init?(_ text: [UInt8]) {
        var leader: Int32?
        var user: UInt32?
        var isNested = false
        for line in text.split(separator: 0x0A) {
            let fields = line.split { $0 == 0x09 || $0 == 0x20 }
            guard fields.count >= 2 else { continue }
            if fields[0].elementsEqual("Tgid:".utf8) {
                leader = Int32(String(decoding: fields[1], as: UTF8.self))
            } else if fields[0].elementsEqual("Uid:".utf8) {
                user = UInt32(String(decoding: fields[1], as: UTF8.self))
            } else if fields[0].elementsEqual("NSpid:".utf8) {
                isNested = fields.count > 2
            }
        }
        guard let leader, let user else { return nil }
        self.leader = leader
        realUser = user
        self.isNested = isNested
    }
}
