import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore
import BerthHost
import FoundationEssentials
import Glibc

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Lease ports, run a command with them, and give them back when it ends.",
        discussion: """
            The command finds its ports in PORT, PORT_1, PORT_2 and so on, BERTH_PORTS has them all, and {port} and \
            {port:2} in its arguments are replaced (${port} is not: that is a shell's). With no SESSION the session is \
            made of the repository, the worktree and the branch, so that the same checkout gets the same ports again.

            The lease is held by berth run and by the command: while one of them lives, nobody else gets the ports. \
            Without a daemon the database is opened for a moment instead. Over --url the kernel tells no daemon who \
            calls; there the lease has a TTL of 60 seconds that is renewed every 20.

            The exit code is the command's, 128 + n when signal n ended it, 126 when it cannot be executed and 127 when \
            there is no such command.

            A web server on one port, and two ports for a script:
              berth run -- python3 -m http.server '{port}'
              berth run alice -n 2 -- ./start-both.sh
            """)

    @Argument(help: "The session that the lease belongs to. Default: this checkout's.")
    var session: String?

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How many ports.", valueName: "count"))
    var count = 1

    @Option(
        help: ArgumentHelp("A name inside the session: a second run of that name is refused.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Exactly the block that begins here.", valueName: "port"))
    var firstPort: Int?

    @Option(help: ArgumentHelp("The pool. Default: default.", valueName: "pool"))
    var pool: String?

    @Option(
        help: ArgumentHelp(
            "Wait in line for so long, an hour at most, instead of failing.", valueName: "duration"))
    var wait: WaitArgument?

    @Flag(
        help: ArgumentHelp(
            "Listen on 127.0.0.1 on every port before the command starts, and pass the sockets to it.",
            discussion: "As systemd does: LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID; the first socket is descriptor 3."))
    var hold = false

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var files: ConfigurationOptions

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command and its arguments, after --.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("Say what to run, after --, such as: berth run -- python3 -m http.server '{port}'")
        }
        if session?.isEmpty == true { throw ValidationError("The session needs a name.") }
        // What stands for a port is known only later; that it stands for one of the block's is known now.
        let standIns = Array(repeating: 0, count: max(0, min(count, 65_535)))
        for argument in OwnProcess.argumentsAfterTerminator {
            do {
                _ = try PortPlaceholders.fill(argument, ports: standIns)
            } catch {
                throw ValidationError("\(error.text) is none of the block's \(count) ports; ask for more with -n.")
            }
        }
    }

    func run() async throws {
        // Before anything of ours ignores it, or opens a descriptor.
        let restoresSIGPIPE = !SignalPipe.isIgnored(SIGPIPE)
        let inherited = try OwnProcess.inheritableDescriptors()
        let lessor = try RunLessor(daemon: daemon, files: files)
        let lease = try await lessor.lease(
            LeaseBody(
                session: session ?? Self.worktreeKey().rawValue, count: count, name: name, pool: pool,
                agents: [RunLessor.agent], firstPort: firstPort), wait: wait)
        Terminal.remark("Ports \(lease.ports.map(String.init).joined(separator: " ")), session \(lease.session).")
        let end: Result<CommandSupervisor.End, any Error>
        do {
            let command = RunningCommand(
                lessor: lessor, lease: lease, restoresSIGPIPE: restoresSIGPIPE, inherited: inherited)
            end = .success(try await lessor.keeping(lease) { try await command.run(isHeld: hold) })
        } catch {
            end = .failure(error)
        }
        // However it ended. What is wrong with the release is worth a message, and never the command's exit code.
        do {
            try await lessor.release(lease)
        } catch {
            let reason = (error as? ClientError)?.message ?? (error as? BerthError)?.message ?? "\(error)"
            Terminal.say("berth: lease \(lease.id) is not released, and ends as its processes are gone: \(reason)")
        }
        switch end {
        case .success(let end): throw ExitCode(end.exitCode)
        case .failure(let report as ShimReport):
            Terminal.say("berth: \(report.message)")
            throw ExitCode(report.exitCode)
        case .failure(let error): throw error
        }
    }

    static func worktreeKey() -> SessionName {
        WorktreeKey(
            folder: FileManager.default.currentDirectoryPath,
            readFile: { path in
                do { return try TextFile.read(path) } catch { return nil }
            },
            canonical: CanonicalPath.of
        ).session
    }
}
