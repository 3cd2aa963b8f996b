package import BerthCore
internal import CBerthLinux
internal import Glibc

/// The processes of this PID namespace, by pidfd and `/proc`.
///
/// A pidfd is opened before `/proc/PID` is read and asked again afterwards: when it still lives then, the number meant
/// the same process all the while, and what was read is that process's.
package struct LinuxProcessTable: ProcessTable {
    private let clock: LinuxClock
    private let namespace: UInt64
    private let ticksPerSecond: Int64

    /// - Throws: ``BerthError`` with ``ErrorCode/configuration`` when `/proc` is missing or another PID namespace's.
    package init(clock: LinuxClock) throws(BerthError) {
        self.clock = clock
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
        guard case .seen(let stat, let inode) = look(at: pid) else { return nil }
        return ProcessIdentity(
            bootID: clock.bootID, pidNamespace: namespace, pid: pid, startTicks: stat.startTicks, pidfsInode: inode)
    }

    package func isAlive(_ process: ProcessIdentity) -> Bool {
        guard process.bootID == clock.bootID else { return false }
        // Its number means nothing here, so nothing here tells that it is dead.
        guard process.pidNamespace == namespace else { return true }
        switch look(at: process.pid) {
        case .absent: return false
        case .seen(let stat, let inode):
            return process.isSameProcess(
                as: ProcessIdentity(
                    bootID: clock.bootID, pidNamespace: namespace, pid: process.pid, startTicks: stat.startTicks,
                    pidfsInode: inode))
        case .hidden(let inode):
            guard let inode, let known = process.pidfsInode else { return true }
            return inode == known
        }
    }

    package func user(of pid: Int32) -> UInt32? {
        guard case .seen = look(at: pid) else { return nil }
        do {
            guard let status = ProcessStatus(try ProcFile.bytes("/proc/\(pid)/status")), status.leader == pid else {
                return nil
            }
            return status.realUser
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

extension LinuxProcessTable {
    /// What a number stands for now.
    private enum Sighting {
        /// A live process, and its pidfs inode where there is one.
        case seen(ProcessStat, UInt64?)
        /// No process, a zombie, or a thread that leads none.
        case absent
        /// A process whose `/proc` we can't read (`hidepid` of proc(5), descriptors used up): we can't tell which.
        case hidden(UInt64?)
    }

    private func look(at pid: Int32) -> Sighting {
        guard pid > 0 else { return .absent }
        switch PIDFD.open(pid) {
        case .noProcess: return .absent
        case .unavailable: return lookWithoutPIDFD(at: pid)
        case .opened(let pidfd):
            let inode = pidfd.inode
            let stat = readStat(of: pid)
            // Asked after the reading: if it lives now, no other process had the number meanwhile.
            if pidfd.hasEnded { return .absent }
            guard let stat else { return .hidden(inode) }
            return stat.isDead ? .absent : .seen(stat, inode)
        }
    }

    /// The way of a kernel without pidfd_open(2). The start time alone must tell a reused number.
    private func lookWithoutPIDFD(at pid: Int32) -> Sighting {
        guard let stat = readStat(of: pid), let leader = readLeader(of: pid) else {
            // EPERM is the answer for a live process of somebody else.
            return berth_process_exists(pid) == -ESRCH ? .absent : .hidden(nil)
        }
        return stat.isDead || leader != pid ? .absent : .seen(stat, nil)
    }

    /// Nil when it can't be read; what that means, the caller finds out from the kernel by other ways.
    private func readStat(of pid: Int32) -> ProcessStat? {
        do {
            return ProcessStat(try ProcFile.bytes("/proc/\(pid)/stat"))
        } catch {
            return nil
        }
    }

    private func readLeader(of pid: Int32) -> Int32? {
        do {
            return ProcessStatus(try ProcFile.bytes("/proc/\(pid)/status"))?.leader
        } catch {
            return nil
        }
    }
}
