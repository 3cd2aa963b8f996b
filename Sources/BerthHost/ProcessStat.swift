/// The part of `/proc/PID/stat` that tells one process from another, and a live one from a dead one (proc_pid_stat(5)).
struct ProcessStat: Hashable, Sendable {
    /// The state's letter.
    let state: UInt8
    let parent: Int32
    /// The process group, by its leader's number.
    let group: Int32
    /// The session, by its leader's number.
    let session: Int32
    /// How many threads live, a zombie leader included.
    let threads: Int
    /// When it started, in clock ticks since boot.
    let startTicks: UInt64

    /// A process whose leader has ended is dead only when no other thread runs on: such a one still holds its ports.
    var isDead: Bool {
        switch state {
        case UInt8(ascii: "X"), UInt8(ascii: "x"): true
        case UInt8(ascii: "Z"): threads <= 1
        default: false
        }
    }

    /// Reads the file's text; nil when it isn't such a text.
    ///
    /// The command's name stands in parentheses and may hold spaces and parentheses itself, so the fields are counted
    /// from the last `)`: the state, which is field 3, follows it.
    init?(_ text: [UInt8]) {
        guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(end + 1)...].split { $0 == 0x20 || $0 == 0x0A }
        guard fields.count > 19, let letter = fields[0].first, fields[0].count == 1,
            let parent = Int32(String(decoding: fields[1], as: UTF8.self)),
            let group = Int32(String(decoding: fields[2], as: UTF8.self)),
            let session = Int32(String(decoding: fields[3], as: UTF8.self)),
            let threads = Int(String(decoding: fields[17], as: UTF8.self)),
            let ticks = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        state = letter
        self.parent = parent
        self.group = group
        self.session = session
        self.threads = threads
        startTicks = ticks
    }
}
