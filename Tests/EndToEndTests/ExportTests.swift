import Glibc
import Testing

@Suite struct `Giving a lease's ports to others` {
    /// The design note's, for two agents: one as it stands there, one that a stranger on the network cannot reach.
    private static let template = """
        services:
          agent_1:
            image: fantasy-draft-agent
            command: --session ${BERTH_SESSION} --ports "${BERTH_PORTS}"
            ports:
              - "${USER_PORT_1:?lease first}:5001"
          agent_2:
            image: fantasy-draft-agent
            ports:
              - "127.0.0.1:${USER_PORT_2:?lease first}:5001"
        """

    private func berth(_ arguments: [String], _ daemon: Daemon) throws -> Invocation {
        try Invocation(arguments + ["--socket", daemon.socketPath], in: daemon.folder)
    }

    /// What docker-compose makes of the files.
    private func compose(_ files: [String], _ options: [String] = [], in folder: TemporaryFolder) throws -> HostTool {
        try HostTool(["docker-compose"] + options + files.flatMap { ["-f", $0] } + ["config"], in: folder)
    }

    @Test func `berth env tells what berth run sets, of a session's lease or one by its id`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 2, ["name": "agents", "agents": ["team-1"]])
            let (id, port) = (try #require(lease["id"].int), try #require(lease["first_port"].int))
            let expected = [
                "PORT=\(port)", "PORT_1=\(port)", "PORT_2=\(port + 1)", "HOST=127.0.0.1", "BERTH_LEASE=\(id)",
                "BERTH_SESSION=alice", "BERTH_PORTS=\"\(port) \(port + 1)\"", "USER_PORT_1=\(port)",
                "USER_PORT_2=\(port + 1)", "TEAM_1_PORT=\(port)", "",
            ].joined(separator: "\n")
            for choice in [["--session", "alice"], ["--lease", "\(id)"], ["--session", "alice", "--name", "agents"]] {
                #expect(try berth(["env"] + choice, daemon).output == expected)
            }
            let shell = try berth(["env", "--session", "alice", "--format", "export"], daemon).output
            let file = daemon.folder.file("export.sh")
            try TemporaryFolder.write(Array(shell.utf8), to: file)
            let read = try HostTool(["sh", "-c", ". \(file); echo $USER_PORT_2 $BERTH_PORTS"], in: daemon.folder)
            #expect(read.output == "\(port + 1) \(port) \(port + 1)\n")
            let json = try berth(["env", "--session", "alice", "--json"], daemon).json
            #expect(json["PORT_2"] == .text("\(port + 1)") && json["BERTH_PORTS"] == .text("\(port) \(port + 1)"))
            let run = try daemon.commands.script("env", ["bob", "-n", "2"]).variables
            let names = expected.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) }
            #expect(names.filter { run[$0] == nil } == ["TEAM_1_PORT"])
        }
    }

    @Test func `a lease that is not there, or not the only one, is told of`() throws {
        try withDaemon { daemon in
            let first = try daemon.granted("alice", 1, ["name": "a"])
            let second = try daemon.granted("alice", 1)
            for command in [["env"], ["export", "compose"]] {
                let several = try berth(command + ["--session", "alice"], daemon)
                #expect(
                    several.code == 64 && several.errors.contains("\(first["id"].int ?? 0) (a)") && several.output == ""
                )
                #expect(try berth(command + ["--session", "bob"], daemon).code == 65)
                #expect(try berth(command + ["--session", "alice", "--name", "b"], daemon).code == 65)
                #expect(try berth(command + ["--lease", "4711"], daemon).code == 65)
                for wrong in [[], ["--session", "alice", "--lease", "1"], ["--name", "a"], ["--session", ""]] {
                    #expect(try berth(command + wrong, daemon).code == 64)
                }
                #expect(try berth(command + ["--session", "alice", "--name", "a"], daemon).code == 0)
            }
            _ = try daemon.release(second)
            let ended = try berth(["env", "--lease", "\(second["id"].int ?? 0)"], daemon)
            #expect(ended.code == 65 && ended.errors.contains("has ended"))
        }
    }

    @Test func `docker-compose fills the design note's template with it`() throws {
        try withDaemon { daemon in
            let template = daemon.folder.file("docker-compose.template.yml")
            try TemporaryFolder.write(Array(Self.template.utf8), to: template)
            #expect(try compose([template], in: daemon.folder).code != 0)
            for session in ["alice", "team/Bob@1"] {
                let lease = try daemon.granted(session, 2)
                let port = try #require(lease["first_port"].int)
                let file = daemon.folder.file("\(port).env")
                let export = try berth(["export", "compose", "--session", session], daemon)
                try TemporaryFolder.write(Array(export.output.utf8), to: file)
                let config = try compose([template], ["--env-file", file], in: daemon.folder)
                #expect(config.code == 0, "\(config.errors)")
                #expect(config.output.contains("published: \(port)\n") && config.output.contains("target: 5001\n"))
                #expect(config.output.contains("- 127.0.0.1:\(port + 1):5001/tcp"))
                #expect(config.output.contains("--session \(session) --ports \"\(port) \(port + 1)\""))
            }
        }
    }

    @Test func `docker-compose lays an override over a file that publishes no ports`() throws {
        try withDaemon { daemon in
            let file = daemon.folder.file("docker-compose.yml")
            let text = "services:\n  web: {image: a}\n  db.1: {image: b}\n"
            try TemporaryFolder.write(Array(text.utf8), to: file)
            let port = try #require(try daemon.granted("alice", 2)["first_port"].int)
            let command = ["export", "compose", "--session", "alice", "--format", "override"]
            let services = ["--service", "web=8080", "--service", "db.1=5432"]
            let over = daemon.folder.file("alice.yml")
            try TemporaryFolder.write(Array(try berth(command + services, daemon).output.utf8), to: over)
            let config = try compose([file, over], in: daemon.folder)
            #expect(config.code == 0, "\(config.errors)")
            #expect(config.output.contains("  db.1:\n    image: b\n    ports:\n    - 127.0.0.1:\(port + 1):5432/tcp"))
            #expect(config.output.contains("- 127.0.0.1:\(port):8080/tcp"))
            #expect(try berth(command + services + ["--service", "c=1"], daemon).code == 64)
            #expect(try berth(command + ["--service", "web"], daemon).code == 64)
            #expect(try berth(["export", "compose", "--session", "alice", "--service", "web=1"], daemon).code == 64)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can make a network namespace"))
    func `servers that all bind port 5001 in networks of their own are reached at their sessions' ports`() throws {
        try withDaemon { daemon in
            var containers: [(port: Int, name: String, process: ChildProcess)] = []
            for session in ["alice", "bob", "carol"] {
                _ = try daemon.granted(session, 2)
                let json = try berth(["env", "--session", session, "--format", "json"], daemon).json
                for number in 1...2 {
                    let port = try #require(json["USER_PORT_\(number)"].text.flatMap { Int($0) })
                    let name = "\(session)-\(number)"
                    containers.append((port, name, try Container.start(name, publishing: port, in: daemon.folder)))
                }
            }
            for container in containers {
                let isThere = try becomesTrue(within: 30) {
                    if let end = try container.process.status() {
                        throw HarnessError("\(container.name) ended, \(end): \(container.process.errors)")
                    }
                    return (try? Container.name(at: container.port)) == container.name
                }
                #expect(isThere, "\(container.name): \(container.process.errors)")
            }
            // A stranger's look at a port in the pool: each is its own session's still.
            for container in containers { #expect(try daemon.portState(container.port) == "leased") }
            #expect(Set(containers.map(\.port)).count == 6)
        }
    }
}
