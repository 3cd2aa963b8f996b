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
    default: throw Failure(what: "usage", number: EINVAL)
    }
} catch {
    say("failed: \(error)")
    exit(1)
}
