import BerthCore
import BerthHost
import Glibc
import Synchronization
import Testing

/// Gives each test ports of its own, below the range that the kernel gives to sockets which ask for none: no other
/// test and no outgoing connection takes them meanwhile.
enum TestPorts {
    private static let next = Atomic<Int>(10_000 + Int(getpid()) % 150 * 128)

    /// So many consecutive ports that a plain bind could have, TCP and UDP.
    static func free(_ count: Int) throws -> PortBlock {
        for _ in 0..<200 {
            let first = next.add(count, ordering: .relaxed).oldValue
            let block = try #require(Port(first).flatMap { PortBlock(first: $0, count: count) })
            if block.ports.allSatisfy(isFree) { return block }
        }
        throw TestSocket.Failure(call: "search for free ports", number: EADDRINUSE)
    }

    private static func isFree(_ port: Port) -> Bool {
        [PortListener.TransportProtocol.tcp, .udp].allSatisfy { transport in
            let any: [TestSocket.Address] = [.ipv4("0.0.0.0"), .ipv6("::")]
            return any.allSatisfy { (try? TestSocket.bind(transport, $0, port: port.number)) != nil }
        }
    }
}

/// What the probe finds, with no child between fork and exec that has its sockets open still.
func boundPorts(in block: PortBlock) throws -> [Port] {
    try TestChild.spawning.withLock { _ in try LinuxPortProbe().boundPorts(in: block) }
}

/// A real child process, killed and reaped when the test lets go of it.
final class TestChild {
    /// Held while a child is spawned. Until it becomes another program, a child has every socket of its parent open, so
    /// it is held too while a socket closes whose port is to be free at once, and while a socket isn't close-on-exec.
    static let spawning = Mutex<Void>(())

    let pid: Int32
    private var isReaped = false

    /// Runs the program and its arguments; it inherits the descriptors that aren't close-on-exec.
    convenience init(_ arguments: String...) throws { try self.init(arguments) }

    /// As ``init(_:)-(String...)``, with `standard` as its standard input and output.
    init(_ arguments: [String], standard: Int32? = nil) throws {
        var copies: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let standard {
            posix_spawn_file_actions_adddup2(&actions, standard, 0)
            posix_spawn_file_actions_adddup2(&actions, standard, 1)
        }
        var child: pid_t = 0
        let result = TestChild.spawning.withLock { _ in
            posix_spawn(&child, arguments[0], &actions, nil, &copies, environ)
        }
        guard result == 0 else { throw TestSocket.Failure(call: "posix_spawn", number: result) }
        pid = child
    }

    deinit { end() }

    /// Kills it and waits until it is a zombie, which stays until ``end()``.
    func becomeZombie() throws {
        kill(pid, SIGKILL)
        var information = siginfo_t()
        let result = waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT)
        guard result == 0 else { throw TestSocket.Failure(call: "waitid", number: errno) }
    }

    /// Waits until it ends by itself; nil when a signal ended it.
    func exitStatus() -> Int32? {
        isReaped = true
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }

    /// Kills it and takes its exit status, after which its PID is free.
    func end() {
        guard !isReaped else { return }
        isReaped = true
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }
}

/// Waits until the condition holds, at most five seconds; false when it never did.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<5000 {
        if try condition() { return true }
        poll(nil, 0, 1)
    }
    return try condition()
}
