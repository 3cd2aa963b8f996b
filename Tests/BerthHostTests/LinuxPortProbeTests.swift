import BerthCore
import BerthHost
import Glibc
import Testing

@Suite struct `Probing ports` {
    private func isBound(_ port: Port) throws -> Bool { try boundPorts(in: PortBlock(port)) == [port] }

    @Test func `finds nothing on free ports and leaves them free`() throws {
        let block = try TestPorts.free(6)
        #expect(try boundPorts(in: block) == [])
        #expect(try boundPorts(in: block) == [])
        for port in block.ports { _ = try TestSocket.bind(.tcp, .ipv4("0.0.0.0"), port: port.number) }
    }

    @Test(arguments: [PortListener.TransportProtocol.tcp, .udp])
    func `finds a socket on any address`(_ transport: PortListener.TransportProtocol) throws {
        for text in ["0.0.0.0", "127.0.0.1", "127.0.0.2", "127.255.255.254"] {
            let holder = try TestSocket.bind(transport, .ipv4(text))
            #expect(try isBound(holder.port()), "\(text)")
        }
        for text in ["::", "::1"] {
            let holder = try TestSocket.bind(transport, .ipv6(text))
            #expect(try isBound(holder.port()), "\(text)")
        }
        let both = try TestSocket.bind(transport, .ipv6("::"), dualStack: true)
        #expect(try isBound(both.port()))
        let mapped = try TestSocket.bind(transport, .ipv6("::ffff:127.0.0.1"), dualStack: true)
        #expect(try isBound(mapped.port()))
    }

    @Test func `finds a listener, and frees its port when it closes`() throws {
        let port = try TestPorts.free(1).first
        let holder = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"), port: port.number, options: [SO_REUSEADDR])
        try holder.listen()
        #expect(try isBound(port))
        holder.close()
        #expect(try !isBound(port))
    }

    @Test(arguments: [[], [SO_REUSEADDR], [SO_REUSEPORT], [SO_REUSEADDR, SO_REUSEPORT]])
    func `finds sockets that don't listen, whatever they share`(_ options: [Int32]) throws {
        for transport in [PortListener.TransportProtocol.tcp, .udp] {
            let holder = try TestSocket.bind(transport, .ipv4("127.0.0.1"), options: options)
            #expect(try isBound(holder.port()), "\(transport)")
        }
    }

    @Test(arguments: [[], [SO_REUSEADDR], [SO_REUSEPORT]])
    func `finds an accepted connection whose listener is closed`(_ options: [Int32]) throws {
        let listener = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"), options: options)
        try listener.listen()
        let client = try listener.connectClient()
        let accepted = try listener.accept()
        let port = try listener.port()
        listener.close()
        #expect(try isBound(port))
        #expect(try isBound(client.port()), "the client's own port is taken too")
        accepted.close()
    }

    @Test func `names each bound port of a block, ascending`() throws {
        let block = try TestPorts.free(6)
        let udp = try TestSocket.bind(.udp, .ipv4("127.0.0.1"), port: block.ports[4].number)
        let tcp = try TestSocket.bind(.tcp, .ipv6("::1"), port: block.ports[1].number)
        #expect(try boundPorts(in: block) == [tcp.port(), udp.port()])
    }
}

@Suite struct `Probing ports in TIME_WAIT` {
    private let probe = LinuxPortProbe()

    /// A port of 127.0.0.1 where a server closed its only connection first.
    private func makeTimeWait(options: [Int32]) throws -> Port {
        let port = try TestPorts.free(1).first
        let listener = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"), port: port.number, options: options)
        try listener.listen()
        let client = try listener.connectClient()
        try listener.accept().close()
        client.close()
        listener.close()
        #expect(eventually { probe.listeners(on: port).isEmpty })
        return port
    }

    private var canTellTimeWait: Bool {
        var name = utsname()
        guard uname(&name) == 0 else { return false }
        let release = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split { !$0.isNumber }.compactMap { Int($0) }
        return numbers.count >= 2 && (numbers[0], numbers[1]) >= (6, 8)
    }

    @Test func `counts a port free that a server can bind again`() throws {
        let port = try makeTimeWait(options: [SO_REUSEADDR])
        #expect(throws: TestSocket.Failure.self) { try TestSocket.bind(.tcp, .ipv4("0.0.0.0"), port: port.number) }
        #expect(try boundPorts(in: PortBlock(port)).isEmpty == canTellTimeWait)
        let server = try TestSocket.bind(.tcp, .ipv4("0.0.0.0"), port: port.number, options: [SO_REUSEADDR])
        try server.listen()
        #expect(try boundPorts(in: PortBlock(port)) == [port])
    }

    @Test func `counts a port free though a client keeps its half of a connection open`() throws {
        let port = try TestPorts.free(1).first
        let listener = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"), port: port.number, options: [SO_REUSEADDR])
        try listener.listen()
        let client = try listener.connectClient()
        try listener.accept().close()
        listener.close()
        #expect(eventually { probe.listeners(on: port).isEmpty })
        #expect(try boundPorts(in: PortBlock(port)).isEmpty == canTellTimeWait)
        let server = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"), port: port.number, options: [SO_REUSEADDR])
        try server.listen()
        #expect(try boundPorts(in: PortBlock(port)) == [port])
        client.close()
    }

    @Test func `counts a port bound that no server can bind yet`() throws {
        let port = try makeTimeWait(options: [])
        #expect(throws: TestSocket.Failure.self) {
            try TestSocket.bind(.tcp, .ipv4("0.0.0.0"), port: port.number, options: [SO_REUSEADDR])
        }
        #expect(try boundPorts(in: PortBlock(port)) == [port])
    }

    @Test func `isn't misled by a silent socket beside it`() throws {
        let port = try makeTimeWait(options: [SO_REUSEADDR])
        let silent = try TestSocket.bind(.tcp, .ipv4("127.0.0.2"), port: port.number, options: [SO_REUSEADDR])
        #expect(try boundPorts(in: PortBlock(port)) == [port])
        silent.close()
        // A process that another test starts just now may have it open until its exec.
        let isFree = try eventually { try boundPorts(in: PortBlock(port)).isEmpty }
        #expect(isFree == canTellTimeWait)
    }

    @Test func `isn't misled by a UDP socket beside it`() throws {
        let port = try makeTimeWait(options: [SO_REUSEADDR])
        let udp = try TestSocket.bind(.udp, .ipv4("127.0.0.2"), port: port.number)
        #expect(try boundPorts(in: PortBlock(port)) == [port])
        udp.close()
    }
}
