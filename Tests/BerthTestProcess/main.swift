import BerthHost
import Glibc

if AgentShim.isWanted { AgentShim.run() }

// A process with habits that no program of the system has, for the tests of BerthHost. It speaks by lines on its
// standard output and goes on with each line of its standard input.
let arguments = Array(CommandLine.arguments.dropFirst())

do {
    switch (arguments.first, arguments.dropFirst().first) {
    case ("leader-exits", nil): try Habits.leaveLeader()
    case ("exec-from-thread", nil): try Habits.execFromThread()
    case ("connect", .some(let path)): try Habits.connect(to: path)
    case ("reuse", .some(let rounds)): try await ReuseCheck(rounds: Int(rounds) ?? 0).run()
    case ("descriptors", nil): try await DescriptorCheck.run()
    case ("write-lines", .some(let path)): try Habits.writeLines(to: path)
    case ("reuse-group", nil): try await GroupReuse.run()
    case ("launch", .some(let log)) where arguments.count == 3: try await Launch.run(log: log, script: arguments[2])
    default: throw Failure(what: "usage", number: EINVAL)
    }
} catch {
    say("failed: \(error)")
    exit(1)
}
