import Glibc
import Testing

@Suite struct `A client that names itself` {
    @Test func `is the owner by the kernel's word, on the socket alone`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1, ["owner_self": true])
            #expect(lease["owner"]["pid"] == .integer(Int(getpid())) && lease["owner"]["alive"] == true)
            #expect(lease["expires_at"] == .null)
            let body: JSON = ["session": "bob", "count": 1, "owner_self": true]
            expectProblem(try daemon.callTCP("POST", "/v1/leases", body), 422, "invalid-field")
            let put: JSON = ["self": true]
            expectProblem(
                try daemon.callTCP("PUT", "/v1/leases/\(lease["id"].int ?? 0)/agents/a", put), 422, "invalid-field")
        }
    }

    @Test func `is never one unless it says so`() throws {
        try withDaemon { daemon in
            let silent = try daemon.granted("alice", 1)
            let refusing = try daemon.granted("alice", 1, ["owner_self": false])
            #expect(silent["owner"] == .null && refusing["owner"] == .null)
        }
    }

    @Test func `is attached as an agent`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1, ["owner_self": true])
            let attached = try daemon.call("PUT", "/v1/leases/\(lease["id"].int ?? 0)/agents/me", ["self": true])
            #expect(attached.status == 200)
            #expect(attached.json["agents"][0]["pid"] == .integer(Int(getpid())))
        }
    }

    @Test func `names no other process beside`() throws {
        try withDaemon { daemon in
            let pid = JSON.integer(Int(getpid()))
            expectProblem(
                try daemon.lease("alice", 1, ["owner_self": true, "owner_pid": pid]), 422, "invalid-field")
            expectProblem(try daemon.lease("alice", 1, ["owner_self": 1]), 422, "invalid-field")
            let lease = try daemon.granted("alice", 1)
            let path = "/v1/leases/\(lease["id"].int ?? 0)/agents/a"
            expectProblem(try daemon.call("PUT", path, ["self": true, "pid": pid]), 422, "invalid-field")
            expectProblem(try daemon.call("PUT", path, ["self": false]), 422, "invalid-field")
        }
    }

    @Test func `is not whoever has its number when it has ended`() throws {
        try withDaemon { daemon in
            // The connection outlives the process that made it: its child has it too.
            let code = """
                import os, socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.connect(sys.argv[1])
                parent = os.getpid()
                if os.fork():
                    os._exit(0)
                while os.getppid() == parent: pass
                body = b'{"session": "late", "count": 1, "owner_self": true}'
                sys.stdin.readline()
                s.sendall(b'POST /v1/leases HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\n'
                    b'Connection: close\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(body) + body)
                answer = b''
                while True:
                    piece = s.recv(4096)
                    if not piece: break
                    answer += piece
                print(answer.decode().split('\\r\\n')[0], 'no-such-process' in answer.decode(), flush=True)
                """
            let launcher = try ChildProcess(
                ["python3", "-c", code, daemon.socketPath], environment: ["PATH": "/usr/bin:/bin"],
                log: daemon.folder.file("late"))
            _ = try launcher.wait(within: 20)
            #expect(becomesTrue { launcher.output.hasPrefix("HTTP/1.1 422 ") }, "\(launcher.output) \(launcher.errors)")
            #expect(launcher.output.contains("True"))
        }
    }
}
