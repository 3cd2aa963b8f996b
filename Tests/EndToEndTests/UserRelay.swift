import Glibc

/// A way to a daemon's socket as another user of the host: a process of that user's hands on what comes, so that the
/// kernel tells the daemon of that user. Only root can make one.
final class UserRelay {
    let endpoint: Endpoint
    /// The process, which is the user's own.
    var processID: Int { Int(child.id) }
    private let child: ChildProcess

    private static let program = """
        import socket, sys, threading
        target, place = sys.argv[1:]

        def pump(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def serve(client):
            daemon = socket.socket(socket.AF_UNIX)
            try:
                daemon.connect(target)
                threading.Thread(target=pump, args=(client, daemon), daemon=True).start()
                pump(daemon, client)
            finally:
                client.close()
                daemon.close()

        listener = socket.socket(socket.AF_UNIX)
        listener.bind(place)
        listener.listen(64)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """

    /// - Parameter folder: where this user may make a socket.
    init(user: Int, groups: [Int] = [], to daemon: Daemon, in folder: TemporaryFolder) throws {
        let place = folder.file("\(user)-\(groups.count).sock")
        endpoint = .unix(place)
        let numbers = groups.map { String($0) }.joined(separator: ",")
        let membership = groups.isEmpty ? "--clear-groups" : "--groups=\(numbers)"
        child = try ChildProcess(
            [
                "setpriv", "--reuid=\(user)", "--regid=\(user)", membership, "python3", "-c", Self.program,
                daemon.socketPath, place,
            ], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], log: daemon.folder.file("relay-\(user)"))
        let (own, running) = (endpoint, child)
        let isThere = try becomesTrue(within: 20) {
            if (try? own.connect()) != nil { return true }
            return try running.status() != nil
        }
        guard isThere, try running.status() == nil else {
            throw HarnessError("the relay of user \(user) does not run: \(running.errors)")
        }
    }

    /// A folder in which every user may make sockets.
    static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        guard chmod(folder.path, 0o777) == 0 else { throw HarnessError.system("chmod \(folder.path)") }
        return folder
    }
}
