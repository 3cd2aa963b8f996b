internal import BerthCore
internal import CBerthLinux
internal import Glibc

/// Finds the processes that an agent has become.
///
/// Its first process led a session and a group of its own, so their number is its PID. The kernel gives a number away
/// only when no process, zombies included, and no group or session has it (`free_pid` of Linux). So what is in that group
/// or session is the agent's as long as its first process is there, or another one that was known to be the agent's.
/// Where neither is, the number may have come to stand for strangers; then, and for those that made themselves a session
/// of their own, the mark in a process's environment counts that ``AgentShim`` set (`/proc/PID/environ`). Nothing that
/// started before the agent is its.
struct AgentFamily {
    let agent: ProcessIdentity
    let access: ProcessAccess

    private var mark: [UInt8] {
        Array("\(AgentShim.marker)=\(AgentShim.mark(pid: agent.pid, startTicks: agent.startTicks))".utf8)
    }

    /// The living ones that are not known yet.
    /// - Parameter known: those that were found before.
    func newMembers(known: Set<AgentProcess.Key>) -> [AgentProcess.Key] {
        let anchors = anchors(known)
        var members: [(key: AgentProcess.Key, isInGroup: Bool)] = []
        for pid in pids() {
            guard let stat = ProcessStat.read(of: pid, in: access.folder), !stat.isDead,
                stat.startTicks >= agent.startTicks
            else { continue }
            let key = AgentProcess.Key(pid: pid, startTicks: stat.startTicks)
            guard !known.contains(key) else { continue }
            if isInGroup(stat) {
                members.append((key, true))
            } else if hasMark(pid) {
                members.append((key, false))
            }
        }
        // What stood at both ends of the look stood all the while, and kept the number.
        let isCertain = anchors.contains { isAnchor($0) }
        return members.filter { isCertain || !$0.isInGroup || hasMark($0.key.pid) }.map(\.key)
    }

    /// Opens one that was found, and looks again: the number may be another's by now.
    /// - Returns: nil when it has ended.
    func open(_ key: AgentProcess.Key) -> AgentProcess? {
        let process: AgentProcess
        switch PIDFD.open(key.pid, access: access) {
        case .noProcess: return nil
        case .opened(let pidfd): process = AgentProcess(key, pidfd)
        case .unavailable: process = AgentProcess(key)
        }
        guard let stat = ProcessStat.read(of: key.pid, in: access.folder), stat.startTicks == key.startTicks,
            isInGroup(stat) || hasMark(key.pid), !process.hasEnded(in: access.folder)
        else { return nil }
        return process
    }

    /// Processes that are the agent's and hold its number.
    private func anchors(_ known: Set<AgentProcess.Key>) -> [AgentProcess.Key] {
        let first = AgentProcess.Key(pid: agent.pid, startTicks: agent.startTicks)
        return ([first] + known).filter(isAnchor)
    }

    private func isAnchor(_ key: AgentProcess.Key) -> Bool {
        guard let stat = ProcessStat.read(of: key.pid, in: access.folder), stat.startTicks == key.startTicks else {
            return false
        }
        guard key.pid == agent.pid else { return isInGroup(stat) }
        // The start time is shown in ticks of 10 ms; the inode tells two of one tick apart (Linux 6.9).
        guard let inode = agent.pidfsInode, case .opened(let pidfd) = PIDFD.open(key.pid, access: access),
            let now = pidfd.inode
        else { return true }
        return inode == now
    }

    private func isInGroup(_ stat: ProcessStat) -> Bool { stat.session == agent.pid || stat.group == agent.pid }

    private func hasMark(_ pid: Int32) -> Bool {
        do {
            let text = try ProcFile.bytes("\(access.folder)/\(pid)/environ")
            return text.split(separator: 0).contains { $0.elementsEqual(mark) }
        } catch {
            return false
        }
    }

    private func pids() -> [Int32] {
        guard let folder = opendir(access.folder) else { return [] }
        defer { closedir(folder) }
        var pids: [Int32] = []
        while let entry = readdir(folder) {
            let number = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 1) { Int32(atoi($0)) }
            }
            if number > 0 { pids.append(number) }
        }
        return pids
    }
}
