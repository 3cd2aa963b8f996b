import BerthCore
import BerthHost
import Glibc

/// A daemon that starts an agent: it says the agent's PID before and `gone` after it has told it to go, and waits.
enum Launch {
    static func run(log: String, script: String) async throws {
        let launcher = LinuxAgentLauncher(
            processes: try LinuxProcessTable(clock: LinuxClock()), descriptorLimit: nil,
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
        let order = AgentOrder(
            arguments: ["sh", "-c", script], environment: [:], workingDirectory: "/", user: nil, logPath: log)
        let prepared = try launcher.prepare(order)
        say("\(prepared.process.pid)")
        waitForWord()
        try await prepared.go()
        say("gone")
        waitForWord()
    }
}
