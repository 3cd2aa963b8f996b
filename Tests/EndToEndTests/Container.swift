import Glibc

/// What `docker run -p 127.0.0.1:PORT:5001` does to the network, without an engine: a server that listens on 5001 in a
/// network namespace of its own, and a forwarder that reaches it from PORT of this one. Needs root.
enum Container {
    private static let program = """
        import ctypes, fcntl, os, signal, socket, struct, sys, threading
        name, port = sys.argv[1], int(sys.argv[2])
        libc = ctypes.CDLL(None, use_errno=True)
        CLONE_NEWNET = 0x40000000

        def check(result):
            if result != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

        listener = socket.create_server(("127.0.0.1", port))
        ready, tell = os.pipe()
        server = os.fork()
        if server == 0:
            libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            listener.close()
            check(libc.unshare(CLONE_NEWNET))
            with socket.socket() as control:  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING
                fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", 0x41))
            inside = socket.create_server(("127.0.0.1", 5001))
            os.write(tell, b"x")
            while True:
                with inside.accept()[0] as client:
                    client.sendall(name.encode())

        os.close(tell)
        if os.read(ready, 1) != b"x":
            sys.exit("the server did not start")
        network = os.open(f"/proc/{server}/ns/net", os.O_RDONLY)

        def forward():
            check(libc.setns(network, CLONE_NEWNET))  # of this thread alone
            while True:
                with listener.accept()[0] as client, socket.create_connection(("127.0.0.1", 5001)) as upstream:
                    while data := upstream.recv(4096):
                        client.sendall(data)

        thread = threading.Thread(target=forward)
        thread.start()
        thread.join()
        """

    static func start(_ name: String, publishing port: Int, in folder: TemporaryFolder) throws -> ChildProcess {
        try HostTool.start(["python3", "-c", program, name, "\(port)"], in: folder)
    }

    /// The name that the server behind a port tells.
    static func name(at port: Int) throws -> String {
        let connection = try Endpoint.tcp("127.0.0.1", port).connect()
        defer { connection.close() }
        return String(decoding: try connection.receiveRest(), as: UTF8.self)
    }
}
