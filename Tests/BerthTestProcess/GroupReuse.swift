import BerthCore
import BerthHost
import Glibc

/// Gives the number of an agent that has ended to strangers, and stops the agent.
///
/// It needs a PID namespace of its own, in which it may set the next PID.
enum GroupReuse {
    private static let pid: Int32 = 7000

    static func run() async throws {
        let table = try LinuxProcessTable(clock: LinuxClock())
        let launcher = LinuxAgentLauncher(processes: table, descriptorLimit: nil)
        let agent = try Child.forced(pid)
        guard let identity = table.identify(agent.pid) else { throw Failure(what: "identify", number: ESRCH) }
        agent.end()
        // Its successor starts in another tick, so that the start time tells them apart on every kernel.
        while try startTicks() <= identity.startTicks { poll(nil, 0, 1) }

        let leader = try Child.forced(pid, group: 0)
        let member = try Child(group: pid)
        say("while its leader lives: \(await launcher.stop(identity, signal: SIGTERM, graceMilliseconds: 0))")
        say("alive: \(table.identify(leader.pid) != nil) \(table.identify(member.pid) != nil)")
        leader.end()
        say("without a leader: \(await launcher.stop(identity, signal: SIGTERM, graceMilliseconds: 0))")
        say("alive: \(table.identify(leader.pid) != nil) \(table.identify(member.pid) != nil)")
        say("group: \(getpgid(member.pid))")
        member.end()
    }

    private static func startTicks() throws -> UInt64 {
        var time = timespec()
        guard clock_gettime(CLOCK_BOOTTIME, &time) == 0 else { throw Failure(what: "clock_gettime", number: errno) }
        let perSecond = Int(sysconf(Int32(_SC_CLK_TCK)))
        return UInt64(time.tv_sec * perSecond + time.tv_nsec * perSecond / 1_000_000_000)
    }
}
