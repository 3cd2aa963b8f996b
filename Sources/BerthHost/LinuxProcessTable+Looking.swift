internal import BerthCore
internal import CBerthLinux
internal import Glibc

extension LinuxProcessTable {
    /// What a number stands for now.
    enum Sighting: ~Copyable {
        /// A live process. Its pidfd was opened before the facts were read; nil where there are no pidfds.
        case seen(ProcessIdentity, PIDFD?)
        /// No process, a zombie, or a thread that leads none.
        case absent
        /// A process whose `/proc` we can't read (`hidepid` of proc(5), descriptors used up): we can't tell which,
        /// but for its pidfs inode.
        case hidden(inode: UInt64?, PIDFD?)
    }

    /// What has become of one process.
    enum Finding: ~Copyable {
        /// It lives, and this is its pidfd where there are pidfds.
        case alive(PIDFD?)
        /// It is gone: nothing has its number, or another process does.
        case ended
        /// Something may be it, and nothing here tells.
        case untold
    }

    /// Looks for exactly this process.
    func find(_ process: ProcessIdentity) -> Finding {
        guard process.bootID == bootID else { return .ended }
        // Its number means nothing here, so nothing here tells that it is dead.
        guard process.pidNamespace == namespace else { return .untold }
        switch look(at: process.pid) {
        case .absent: return .ended
        case .seen(let found, let pidfd):
            return process.isSameProcess(as: found) ? .alive(pidfd) : .ended
        case .hidden(let inode, let pidfd):
            guard let inode, let known = process.pidfsInode else { return .untold }
            return inode == known ? .alive(pidfd) : .ended
        }
    }

    /// Looks at what has this number.
    func look(at pid: Int32) -> Sighting {
        guard pid > 0 else { return .absent }
        switch PIDFD.open(pid, access: access) {
        case .noProcess: return .absent
        case .unavailable: return lookWithoutPIDFD(at: pid)
        case .opened(let pidfd):
            let stat = readStat(of: pid)
            // Asked after the reading: if it lives now, no other process had the number meanwhile.
            if pidfd.hasEnded { return .absent }
            let inode = pidfd.inode
            guard let stat else { return .hidden(inode: inode, pidfd) }
            return stat.isDead ? .absent : .seen(identity(pid, stat, inode: inode), pidfd)
        }
    }

    /// The way of a kernel without pidfd_open(2). The start time alone must tell a reused number.
    private func lookWithoutPIDFD(at pid: Int32) -> Sighting {
        guard let stat = readStat(of: pid), let leader = readLeader(of: pid) else {
            // EPERM is the answer for a live process of somebody else.
            return berth_process_exists(pid) == -ESRCH ? .absent : .hidden(inode: nil, nil)
        }
        return stat.isDead || leader != pid ? .absent : .seen(identity(pid, stat, inode: nil), nil)
    }

    private func identity(_ pid: Int32, _ stat: ProcessStat, inode: UInt64?) -> ProcessIdentity {
        ProcessIdentity(
            bootID: bootID, pidNamespace: namespace, pid: pid, startTicks: stat.startTicks, pidfsInode: inode)
    }

    /// Nil when it can't be read; what that means, the caller finds out from the kernel by other ways.
    private func readStat(of pid: Int32) -> ProcessStat? {
        do {
            return ProcessStat(try ProcFile.bytes("\(access.folder)/\(pid)/stat"))
        } catch {
            return nil
        }
    }

    private func readLeader(of pid: Int32) -> Int32? {
        do {
            return ProcessStatus(try ProcFile.bytes("\(access.folder)/\(pid)/status"))?.leader
        } catch {
            return nil
        }
    }
}
