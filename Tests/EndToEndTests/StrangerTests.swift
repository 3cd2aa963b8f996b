import Glibc
import Testing

@Suite struct `Strangers on a pool's ports` {
    /// Checks that a lease of six steps over the port, that it is foreign, and that it comes back.
    private func expectSteppedOver(_ place: (Int) throws -> [Socket], _ comment: Comment) throws {
        try withDaemon { daemon in
            let port = daemon.low + 2
            let sockets = try place(port)
            let lease = try daemon.granted("alice", 6)
            #expect(!lease["ports"].ints.contains(port), comment)
            #expect(try daemon.portState(port) == "foreign", comment)
            for socket in sockets { socket.close() }
            #expect(try becomesTrue { try daemon.portState(port) == "free" }, comment)
        }
    }

    @Test func `are seen when they listen, and told with their process`() throws {
        try withDaemon { daemon in
            let port = daemon.low + 2
            let server = try Socket(family: AF_INET)
            try server.bind(Socket.Name(address: "127.0.0.1", port: port))
            try server.listen()
            _ = try daemon.granted("alice", 6)
            let listener = try #require(try daemon.port(port)["listeners"].items.first)
            #expect(listener["protocol"] == "tcp" && listener["address"] == "127.0.0.1")
            #expect(listener["pid"] == .integer(Int(getpid())))
        }
    }

    @Test func `are seen when they are bound and do not listen`() throws {
        try expectSteppedOver(
            { port in
                let socket = try Socket(family: AF_INET)
                try socket.set(SO_REUSEADDR)
                try socket.bind(Socket.Name(address: "127.0.0.1", port: port))
                return [socket]
            }, "bound")
    }

    @Test func `are seen on UDP, on ::1 and on 127.0.0.2`() throws {
        for (family, kind, address) in [
            (AF_INET, Socket.Kind.udp, "127.0.0.1"), (AF_INET6, .tcp, "::1"), (AF_INET, .tcp, "127.0.0.2"),
        ] {
            try expectSteppedOver(
                { port in
                    let socket = try Socket(family: family, kind)
                    try socket.bind(Socket.Name(address: address, port: port))
                    if kind == .tcp { try socket.listen() }
                    return [socket]
                }, "\(address)")
        }
    }

    @Test func `are seen when only a connection is left of them`() throws {
        try expectSteppedOver(
            { port in
                let server = try Socket(family: AF_INET)
                try server.set(SO_REUSEADDR)
                try server.bind(Socket.Name(address: "127.0.0.1", port: port))
                try server.listen()
                let client = try Socket(family: AF_INET)
                try client.connect(Socket.Name(address: "127.0.0.1", port: port))
                let accepted = try server.accept()
                server.close()
                // The side that closes last leaves no TIME_WAIT on the pool's port.
                return [client, accepted]
            }, "accepted")
    }

    @Test func `are called quarantined right after a release`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1)
            let port = try #require(lease["first_port"].int)
            let server = try Socket(family: AF_INET)
            try server.bind(Socket.Name(address: "127.0.0.1", port: port))
            try server.listen()
            #expect(try daemon.release(lease).status == 204)
            #expect(try daemon.portState(port) == "quarantined")
            server.close()
            #expect(try becomesTrue { try daemon.portState(port) == "free" })
        }
    }
}
