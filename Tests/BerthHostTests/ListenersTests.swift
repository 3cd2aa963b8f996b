import BerthCore
import BerthHost
import Glibc
import Synchronization
import Testing

@Suite struct `Naming who holds a port` {
    private let probe = LinuxPortProbe()

    private func found(_ holder: TestSocket) throws -> [String] {
        let port = try holder.port()
        // Until it becomes another program, a child has every socket of its parent open, and is rightly named.
        let listeners = TestChild.spawning.withLock { _ in probe.listeners(on: port) }
        return listeners.map { "\($0.transport) \($0.address) \($0.pid ?? 0)" }
    }

    @Test func `says the protocol, the address and the process`() throws {
        for text in ["0.0.0.0", "127.0.0.2"] {
            let holder = try TestSocket.bind(.tcp, .ipv4(text))
            try holder.listen()
            #expect(try found(holder) == ["tcp \(text) \(getpid())"])
        }
        for text in ["::", "::1"] {
            let holder = try TestSocket.bind(.tcp, .ipv6(text))
            try holder.listen()
            #expect(try found(holder) == ["tcp \(text) \(getpid())"])
        }
        let udp = try TestSocket.bind(.udp, .ipv6("::1"))
        #expect(try found(udp) == ["udp ::1 \(getpid())"])
    }

    @Test func `shows a mapped address as IPv4`() throws {
        let holder = try TestSocket.bind(.udp, .ipv6("::ffff:127.0.0.3"), dualStack: true)
        #expect(try found(holder) == ["udp 127.0.0.3 \(getpid())"])
    }

    @Test func `finds a connection whose listener is closed`() throws {
        let listener = try TestSocket.bind(.tcp, .ipv6("::"), dualStack: true)
        try listener.listen()
        let client = try listener.connectClient()
        let accepted = try listener.accept()
        listener.close()
        #expect(try found(accepted) == ["tcp 127.0.0.1 \(getpid())"])
        client.close()
    }

    @Test func `names every process that shares the socket, each once`() throws {
        let holder = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"))
        try holder.listen()
        try holder.makeInheritable()
        let child = try TestChild("/bin/sleep", "60")
        let port = try holder.port()
        #expect(eventually { probe.listeners(on: port).contains { $0.pid == child.pid && $0.command == "sleep" } })
        let pids = probe.listeners(on: port).compactMap(\.pid)
        // Children that other tests spawn meanwhile may inherit the socket too.
        #expect(Set(pids).isSuperset(of: [getpid(), child.pid]))
        #expect(Set(pids).count == pids.count)
    }

    @Test func `finds nobody on a free port`() throws {
        #expect(try probe.listeners(on: TestPorts.free(1).first).isEmpty)
    }

    @Test func `names all connections' addresses once`() throws {
        let listener = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"))
        try listener.listen()
        var pairs: [TestSocket] = []
        for _ in 0..<70 { pairs += [try listener.connectClient(), try listener.accept()] }
        #expect(try found(listener) == ["tcp 127.0.0.1 \(getpid())"])
        #expect(pairs.count == 140)
    }
}
