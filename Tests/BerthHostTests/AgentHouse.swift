import BerthCore
import BerthTestSupport
import Glibc
import Synchronization

@testable import BerthHost

/// Starts real agents in a folder of their own, and ends each of them.
struct AgentHouse {
    static let variables = [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "Europe/Berlin",
        "BERTH_TOKEN": "secret", "SSH_AUTH_SOCK": "/nowhere",
    ]

    let folder: TemporaryFolder
    let table: LinuxProcessTable
    let launcher: LinuxAgentLauncher
    var log: String { folder.file("agents/1/a.log") }

    init(descriptorLimit: UInt64? = nil, logBound: Int64 = BoundedLog.standardBound) throws {
        folder = try TemporaryFolder()
        table = try LinuxProcessTable(clock: LinuxClock())
        let program = try TestProcess.program()
        launcher = LinuxAgentLauncher(
            processes: table, descriptorLimit: descriptorLimit, logBound: logBound, environment: Self.variables
        ) { spawn throws(SystemError) in try Self.start(spawn, program) }
    }

    /// While no other test needs that no child has its sockets (``TestChild/spawning``).
    private static func start(_ spawn: CommandSpawn, _ program: String) throws(SystemError) -> Int32 {
        let result: Result<Int32, SystemError> = TestChild.spawning.withLock { _ in
            do throws(SystemError) { return .success(try spawn.start(program)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    func order(
        _ arguments: [String], _ environment: [String: String] = [:], in workingDirectory: String = "/",
        user: String? = nil, cidfile: String? = nil
    ) -> AgentOrder {
        AgentOrder(
            arguments: arguments, environment: environment, workingDirectory: workingDirectory, user: user,
            logPath: log, cidfile: cidfile)
    }

    /// Runs `body` with an agent that was told to go, and ends what is left of it.
    func run<Value>(
        _ order: AgentOrder, _ body: (ProcessIdentity) async throws -> Value
    ) async throws -> Value {
        let prepared = try launcher.prepare(order)
        try await prepared.go()
        do {
            let value = try await body(prepared.process)
            _ = await launcher.stop(prepared.process, signal: SIGKILL, graceMilliseconds: 0)
            return value
        } catch {
            _ = await launcher.stop(prepared.process, signal: SIGKILL, graceMilliseconds: 0)
            throw error
        }
    }

    /// What an agent says that ends by itself.
    func output(_ order: AgentOrder) async throws -> String {
        try await run(order) { process in
            _ = await becomesTrue { launcher.reap(process) != nil }
            return try text()
        }
    }

    /// All that stands in the log.
    func text() throws -> String { try launcher.tailOfLog(log, bytes: 1 << 20) }

    /// The numbers that an agent has written, once there are so many.
    func numbers(_ count: Int) async throws -> [Int32] {
        var numbers: [Int32] = []
        _ = try await becomesTrue {
            numbers = try text().split { !$0.isNumber }.compactMap { Int32($0) }
            return numbers.count >= count
        }
        return numbers
    }

    /// The agent's processes that live now, by session or group.
    func left(of agent: ProcessIdentity) -> [AgentProcess.Key] {
        AgentFamily(agent: agent, access: ProcessAccess()).newMembers(known: [])
    }
}

/// Waits until the condition holds.
func becomesTrue(_ condition: () async throws -> Bool) async rethrows -> Bool {
    try await eventually(within: .seconds(20), condition)
}

/// Whether a number stands for a living process.
func lives(_ pid: Int32) -> Bool {
    guard let stat = ProcessStat.read(of: pid, in: "/proc") else { return false }
    return !stat.isDead
}
