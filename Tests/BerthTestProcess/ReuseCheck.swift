import BerthCore
import BerthHost
import Glibc

/// Gives one PID to two processes, again and again, and counts how often one is taken for the other.
///
/// It needs a PID namespace of its own, in which it may set the next PID.
struct ReuseCheck {
    private static let pid: Int32 = 7000

    private let rounds: Int
    private let table: LinuxProcessTable
    /// Has watched the first process of each other round from its life on.
    private let early: LinuxProcessWatch
    /// Hears of it when the second one lives.
    private let late: LinuxProcessWatch
    private var watched: [ProcessIdentity] = []
    private var counts: [String: Int] = [:]

    init(rounds: Int) throws {
        self.rounds = rounds
        table = try LinuxProcessTable(clock: LinuxClock())
        early = try LinuxProcessWatch(processes: table, maximumDescriptors: 10)
        late = try LinuxProcessWatch(processes: table, maximumDescriptors: 10)
    }

    func run() async throws {
        var check = self
        for round in 0..<rounds { try check.play(round) }
        check.early.close()
        check.late.close()
        var told: [ProcessIdentity] = []
        for await death in check.early.deaths { told.append(death) }
        check.counts["ends-watched"] = check.watched.count
        check.counts["ends-told"] = told.count
        check.note("ends-told-wrongly", told != check.watched)
        for await _ in check.late.deaths { check.note("ends-told-wrongly", true) }
        for (name, count) in check.counts.sorted(by: { $0.key < $1.key }) { say("\(name)=\(count)") }
    }

    private mutating func play(_ round: Int) throws {
        let child = try Child.forced(Self.pid)
        guard let first = table.identify(child.pid) else { throw Failure(what: "identify", number: ESRCH) }
        if round % 2 == 0 {
            watched.append(first)
            note("watch-refused", early.watch(first) != .watching)
        }
        child.end()
        // In most rounds both start within one tick, in some surely not.
        let isApart = round % 10 == 9
        while isApart && isWithinStartTick(of: first) { poll(nil, 0, 1) }

        let successor = try Child.forced(Self.pid)
        defer { successor.end() }
        guard let second = table.identify(successor.pid) else { throw Failure(what: "identify", number: ESRCH) }
        let isSameTick = first.startTicks == second.startTicks
        note("rounds", true)
        note("rounds-in-one-tick", isSameTick)
        note("rounds-with-inodes", first.pidfsInode != nil)
        note("living-taken-for-dead", !table.isAlive(second) || !table.isAlive(withoutInode(second)))
        note("living-not-watched", late.watch(second) != .watching)
        late.forget(second)
        look(for: first, "inode", isSameTick && first.pidfsInode == nil)
        look(for: withoutInode(first), "ticks", isSameTick)
    }

    /// Asks for the first process while the second one has its number.
    private mutating func look(for first: ProcessIdentity, _ way: String, _ isIndistinguishable: Bool) {
        let isTaken = table.isAlive(first)
        let outcome = late.watch(first)
        late.forget(first)
        note("\(way)-indistinguishable", isIndistinguishable && isTaken)
        note("\(way)-dead-taken-for-living", !isIndistinguishable && (isTaken || outcome != .ended))
    }

    private mutating func note(_ name: String, _ happened: Bool) { counts[name, default: 0] += happened ? 1 : 0 }

    private func isWithinStartTick(of process: ProcessIdentity) -> Bool {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        let perSecond = Int(sysconf(Int32(_SC_CLK_TCK)))
        return UInt64(time.tv_sec * perSecond + time.tv_nsec * perSecond / 1_000_000_000) <= process.startTicks
    }

    private func withoutInode(_ process: ProcessIdentity) -> ProcessIdentity {
        ProcessIdentity(
            bootID: process.bootID, pidNamespace: process.pidNamespace, pid: process.pid,
            startTicks: process.startTicks, pidfsInode: nil)
    }
}
