import BerthCore
import BerthTestSupport

/// The machine that the daemon runs on, with the truth about it: which process lives, which port is bound.
///
/// The truth is kept apart from the fakes that the daemon asks, so that a mistake in comparing processes shows.
struct SimulatedHost {
    static let pids = Int32(100)...130
    /// How the pools may be configured; a restart may choose another. Ports leave them, come back, and change pools.
    private static let layouts: [[Pool]] = [
        [pool(.standard, 20_000, 40)],
        [pool(.standard, 20_000, 48, without: [20_005, 20_021])],
        [pool(.standard, 20_000, 28), pool("other", 20_028, 14)],
        [pool(.standard, 20_012, 36), pool("other", 20_000, 12)],
        [Pool(name: .standard, ranges: [.of(20_000, 20), .of(20_020, 4), .of(20_030, 14)])],
    ]

    let clock = ManualClock()
    let processes: FakeProcessTable
    let probe = FakePortProbe()
    private(set) var lives: [Int32: ProcessIdentity] = [:]
    private(set) var bound: Set<Port> = []
    private(set) var pools = layouts[0]
    private var boots = 1
    private var nextPID = pids.lowerBound

    init() { processes = FakeProcessTable(clock: clock) }

    private static func pool(_ name: PoolName, _ first: Int, _ count: Int, without excluded: Set<Port> = []) -> Pool {
        Pool(name: name, ranges: [.of(first, count)], excluded: excluded)
    }

    /// Every port that may ever be in a pool.
    static let ports = PortBlock.of(20_000, 48).ports

    /// Milliseconds on the boot clock.
    var now: Int64 { clock.now().boot.milliseconds }

    /// Every port that is in a pool now.
    var managed: Set<Port> { Set(pools.flatMap(\.ports)) }

    mutating func chooseLayout(_ random: inout SplitMix64) { pools = random.pick(Self.layouts) }

    // MARK: Processes

    func lives(_ process: ProcessIdentity) -> Bool { lives[process.pid] == process }

    /// A process of that user: the next PID, which comes round soon. One that lives already is taken as it is when it
    /// is the user's, and makes way otherwise.
    mutating func start(user: UInt32) -> ProcessIdentity {
        nextPID = nextPID == Self.pids.upperBound ? Self.pids.lowerBound : nextPID + 1
        if let process = lives[nextPID], processes.user(of: nextPID) == user { return process }
        let process = processes.start(nextPID, user: user)
        lives[nextPID] = process
        return process
    }

    /// The process ends; false when there is none.
    mutating func kill(_ pid: Int32) -> Bool {
        processes.end(pid)
        return lives.removeValue(forKey: pid) != nil
    }

    /// The process ends and another one of that user has its PID at once, before anybody could notice.
    mutating func reuse(_ pid: Int32, user: UInt32, isInFormersTick: Bool) -> ProcessIdentity {
        let process = processes.start(pid, user: user, isInFormersTick: isInFormersTick)
        lives[pid] = process
        return process
    }

    // MARK: Sockets and clocks

    mutating func toggle(_ port: Port) {
        if bound.remove(port) != nil {
            probe.unbind(port)
        } else {
            bound.insert(port)
            probe.bind(port, pid: 7, command: "stranger")
        }
    }

    /// The host is started anew: nothing of it is left but the disk.
    mutating func reboot(down: Int64) {
        boots += 1
        for pid in Self.pids { _ = kill(pid) }
        for port in bound.sorted() { toggle(port) }
        clock.reboot(as: BootID("boot-\(boots)"), down: down)
    }
}
