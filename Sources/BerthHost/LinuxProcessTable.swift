package import BerthCore
internal import Glibc

/// The processes of this PID namespace, by pidfd and `/proc`.
///
/// A pidfd is opened before `/proc/PID` is read and asked again afterwards: when it still lives then, the number meant
/// the same process all the while, and what was read is that process's.
///
/// What tells a reused number: the pidfs inode, whatever the times (Linux 6.9). Before, the start time alone, which the
/// kernel shows in ticks of 10 ms: two processes that had one number and started in one tick look the same. For that,
/// all numbers of the namespace have to be handed out within the tick, unless somebody with CAP_SYS_ADMIN or
/// CAP_CHECKPOINT_RESTORE sets the next number (`ns_last_pid` of proc_sys_kernel(5), clone3(2)).
package struct LinuxProcessTable: ProcessTable {
    private let clock: LinuxClock
    private let ticksPerSecond: Int64
    /// The inode of our PID namespace.
    let namespace: UInt64
    let access: ProcessAccess
    var bootID: BootID { clock.bootID }

    /// - Throws: ``BerthError`` with ``ErrorCode/configuration`` when `/proc` is missing or another PID namespace's.
    package init(clock: LinuxClock) throws(BerthError) { try self.init(clock: clock, access: ProcessAccess()) }

    /// As ``init(clock:)``, by the given ways.
    init(clock: LinuxClock, access: ProcessAccess) throws(BerthError) {
        self.clock = clock
        self.access = access
        var status = stat()
        guard stat("/proc/self/ns/pid", &status) == 0 else {
            let cause = SystemError("stat(2)", errno)
            throw BerthError(.configuration, "Berth needs /proc to tell processes apart: mount it.", cause: cause)
        }
        namespace = UInt64(status.st_ino)
        let own = try LinuxProcessTable.ownStatus()
        guard own.leader == getpid() else {
            throw BerthError(.configuration, "/proc is that of another PID namespace: mount this one's.")
        }
        ticksPerSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }

    package func identify(_ pid: Int32) -> ProcessIdentity? {
        guard case .seen(let found, _) = look(at: pid) else { return nil }
        return found
    }

    package func isAlive(_ process: ProcessIdentity) -> Bool {
        switch find(process) {
        case .ended: false
        case .alive: true
        case .untold: true
        }
    }

    package func user(of pid: Int32) -> UInt32? { status(of: pid)?.realUser }

    /// Whether the numbers that this live process knows processes by are ours. It is not so in a PID namespace of its
    /// own, nor where we cannot tell (pid_namespaces(7)).
    package func sharesNumbers(with pid: Int32) -> Bool { status(of: pid)?.isNested == false }

    private func status(of pid: Int32) -> ProcessStatus? {
        guard case .seen = look(at: pid) else { return nil }
        do {
            let status = ProcessStatus(try ProcFile.bytes("\(access.folder)/\(pid)/status"))
            return status?.leader == pid ? status : nil
        } catch {
            return nil
        }
    }

    package func startInstant(of process: ProcessIdentity) -> Instant? {
        let now = clock.now()
        guard process.bootID == now.bootID, let ticks = Int64(exactly: process.startTicks) else { return nil }
        let (product, overflow) = ticks.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        let bootedAt = now.wall.advanced(byMilliseconds: -now.boot.milliseconds)
        return bootedAt.advanced(byMilliseconds: product / ticksPerSecond)
    }

    /// Whether the process had started by then. Its start is known by the tick, so one that started later in the same
    /// tick counts as one that had.
    func hadStarted(_ process: ProcessIdentity, by moment: BootTime) -> Bool {
        let (product, overflow) = moment.milliseconds.multipliedReportingOverflow(by: ticksPerSecond)
        guard !overflow, let tick = UInt64(exactly: product / 1000) else { return moment.milliseconds > 0 }
        return process.startTicks <= tick
    }

    private static func ownStatus() throws(BerthError) -> ProcessStatus {
        let text: [UInt8]
        do {
            text = try ProcFile.bytes("/proc/self/status")
        } catch {
            throw BerthError(.configuration, "Berth needs /proc/self/status: mount /proc.", cause: error)
        }
        guard let status = ProcessStatus(text) else {
            throw BerthError(.configuration, "/proc/self/status names no process and user; is /proc the kernel's?")
        }
        return status
    }
}
