import BerthCore
import BerthTestSupport
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(2))) struct `The start of an agent` {
    @Test func `waits for the word, and the process is the agent's from its first moment on`() async throws {
        let house = try AgentHouse()
        let made = house.folder.file("made")
        let script = "touch \(made); echo at work; exec sleep 600"
        let prepared = try house.launcher.prepare(house.order(["sh", "-c", script]))
        let process = prepared.process
        #expect(house.table.identify(process.pid) == process)
        #expect(getsid(process.pid) == process.pid)
        #expect(getpgid(process.pid) == process.pid)
        #expect(house.launcher.reap(process) == nil)
        #expect(access(made, F_OK) != 0)

        try await prepared.go()
        #expect(try await becomesTrue { try house.text() == "at work\n" })
        #expect(access(made, F_OK) == 0)
        #expect(house.table.identify(process.pid) == process)
        #expect(await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: 20_000) == .ended)
        #expect(house.launcher.reap(process) == .signalled(SIGTERM))
    }

    @Test func `can be taken back, and is when nobody wants it any more`() async throws {
        let house = try AgentHouse()
        let made = house.folder.file("made")
        var prepared: (any PreparedAgent)? = try house.launcher.prepare(house.order(["touch", made]))
        let first = try #require(prepared?.process)
        await prepared?.cancel()
        #expect(!house.table.isAlive(first))
        // It was reaped, too.
        #expect(kill(first.pid, 0) != 0)
        prepared = try house.launcher.prepare(house.order(["touch", made]))
        let second = try #require(prepared?.process)
        prepared = nil
        #expect(kill(second.pid, 0) != 0)
        #expect(access(made, F_OK) != 0)
    }

    @Test func `executes nothing when the daemon dies before the word`() async throws {
        let folder = try TemporaryFolder()
        let made = folder.file("made")
        let daemon = try TestProcess("launch", folder.file("agents/1/a.log"), "touch \(made)")
        let pid = try #require(daemon.line().flatMap { Int32($0) })
        let table = try LinuxProcessTable(clock: LinuxClock())
        let process = try #require(table.identify(pid))
        daemon.end()
        #expect(await becomesTrue { !table.isAlive(process) })
        #expect(access(made, F_OK) != 0)
    }

    @Test func `is one that the daemon's death does not end, and another daemon can`() async throws {
        let house = try AgentHouse()
        // The second process is all that is left when the first one has ended.
        let script = "while :; do echo again; sleep 0.01; done & echo $!; wait"
        let daemon = try TestProcess("launch", house.log, script)
        let pid = try #require(daemon.line().flatMap { Int32($0) })
        daemon.say("go")
        #expect(daemon.line() == "gone")
        let process = try #require(house.table.identify(pid))
        daemon.end()
        let size = try FileStatus.read(house.log)?.size ?? 0
        #expect(try await becomesTrue { try (FileStatus.read(house.log)?.size ?? 0) > size + 100 })
        #expect(house.table.isAlive(process))
        #expect(house.launcher.reap(process) == nil)

        kill(pid, SIGKILL)
        #expect(await becomesTrue { !house.table.isAlive(process) })
        #expect(!house.left(of: process).isEmpty)
        #expect(await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: 20_000) == .ended)
        #expect(house.left(of: process).isEmpty)
        #expect(house.launcher.reap(process) == .unknown)
    }

    @Test(arguments: [
        (["no-such-program"], "/", nil, "no-such-program: No such file or directory."),
        (["/etc"], "/", nil, "/etc: Permission denied."),
        (["sleep", "600"], "/no/such/folder", nil, "The working directory /no/such/folder: No such file"),
        (["sleep", "600"], "/", "no-such-user", "There is no user no-such-user."),
    ])
    func `that fails says why`(
        _ arguments: [String], _ folder: String, _ user: String?, _ reason: String
    ) async throws {
        let house = try AgentHouse()
        let prepared = try house.launcher.prepare(house.order(arguments, in: folder, user: user))
        let error = await #expect(throws: BerthError.self) { try await prepared.go() }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix(reason) == true, "\(error?.message ?? "")")
        #expect(kill(prepared.process.pid, 0) != 0)
    }

    @Test func `hands nothing to a shell`() async throws {
        let house = try AgentHouse()
        let script = house.folder.file("script")
        try write("touch \(house.folder.file("made"))\n", to: script, mode: 0o755)
        let prepared = try house.launcher.prepare(house.order([script]))
        let error = await #expect(throws: BerthError.self) { try await prepared.go() }
        #expect(error?.message == "\(script): Exec format error.")
        #expect(access(house.folder.file("made"), F_OK) != 0)
    }

    @Test(arguments: [
        (["true", "a\0b"], [:], "/"), ([], [:], "/"), (["true"], ["A=B": "c"], "/"), (["true"], [:], "relative"),
    ])
    func `is refused at once when the order makes no sense`(
        _ arguments: [String], _ environment: [String: String], _ folder: String
    ) throws {
        let house = try AgentHouse()
        let error = #expect(throws: BerthError.self) {
            _ = try house.launcher.prepare(house.order(arguments, environment, in: folder))
        }
        #expect(error?.code == .configuration)
    }

    @Test func `follows no link in the log's place`() throws {
        let house = try AgentHouse()
        try write("mine\n", to: house.folder.file("mine"), mode: 0o644)
        mkdir(house.folder.file("agents"), 0o700)
        mkdir(house.folder.file("agents/1"), 0o700)
        try #require(symlink(house.folder.file("mine"), house.log) == 0)
        let error = #expect(throws: BerthError.self) { _ = try house.launcher.prepare(house.order(["true"])) }
        #expect(error?.message == "The log \(house.log) cannot be used: it is a symbolic link.")
    }
}

/// Makes a file.
func write(_ text: String, to path: String, mode: UInt32) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    defer { close(file) }
    let bytes = Array(text.utf8)
    try #require(Glibc.write(file, bytes, bytes.count) == bytes.count)
}
