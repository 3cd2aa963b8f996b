import Glibc

enum Habits {
    /// Ends the main thread and lets another one go on.
    static func leaveLeader() throws {
        try startThread { _ in
            // The leader is a zombie once its letter in /proc says so.
            while !Habits.leaderIsZombie() { poll(nil, 0, 1) }
            say("leader has ended")
            waitForWord()
            exit(0)
        }
        pthread_exit(nil)
    }

    /// Becomes another program, which is asked for by a thread that isn't the main one.
    static func execFromThread() throws {
        try startThread { _ in
            say("ready")
            waitForWord()
            var words: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/cat"), nil]
            execv("/bin/cat", &words)
            say("failed: execv \(errno)")
            exit(1)
        }
        while true { pause() }
    }

    /// Connects to a Unix socket and keeps the connection.
    static func connect(to path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure(what: "connect", number: errno) }
        say("connected")
        waitForWord()
    }

    /// Appends numbered lines to a file, as fast as can be, until it is killed.
    static func writeLines(to path: String) throws {
        let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw Failure(what: "open", number: errno) }
        var number = 0
        while true {
            let line = Array("line \(number)\n".utf8)
            guard write(file, line, line.count) == line.count else { throw Failure(what: "write", number: errno) }
            number += 1
        }
    }

    private static func startThread(
        _ body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
    ) throws {
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, body, nil)
        guard result == 0 else { throw Failure(what: "pthread_create", number: result) }
    }

    private static func leaderIsZombie() -> Bool {
        let descriptor = open("/proc/self/stat", O_RDONLY)
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 512)
        let length = read(descriptor, &text, text.count)
        let state = text.prefix(max(0, length)).split(separator: UInt8(ascii: ")")).last?.dropFirst().first
        return state == UInt8(ascii: "Z")
    }
}
