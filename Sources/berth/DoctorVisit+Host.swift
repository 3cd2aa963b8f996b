import BerthCommandLine
import BerthCore
import BerthHost
import BerthStore

/// The facts about the host.
extension DoctorVisit {
    func processes() -> any DoctorCheck {
        do {
            _ = try LinuxProcessTable(clock: try LinuxClock())
        } catch {
            return UnansweredCheck(ProcessesCheck.self, error.message, severity: .problem)
        }
        let can = ProcessAbilities.read()
        return ProcessesCheck(
            kernel: can.kernel, hasPIDFDs: can.hasPIDFDs, hasInodes: can.hasInodes, hasPeerPIDFDs: can.hasPeerPIDFDs)
    }

    func descriptors(of daemon: Int32?) -> any DoctorCheck {
        if let daemon, let limit = FileDescriptorLimit.read(of: daemon) {
            return DescriptorsCheck(limit: limit.hard, isDaemons: true)
        }
        return DescriptorsCheck(limit: FileDescriptorLimit.read()?.hard, isDaemons: false)
    }

    func clock(newestRecord: Instant?) -> any DoctorCheck {
        do {
            return ClockCheck(now: try LinuxClock().now(), newestRecord: newestRecord)
        } catch {
            return UnansweredCheck(ClockCheck.self, error.message, severity: .problem)
        }
    }

    func strangers(on pools: [Pool], _ bound: Set<Port>, _ database: DatabaseExamination?) -> any DoctorCheck {
        let probe = LinuxPortProbe()
        let found = pools.flatMap { pool in
            pool.ports.filter { bound.contains($0) && database?.states[$0] != .leased }.map {
                (port: $0, pool: pool.name)
            }
        }.sorted { $0.port < $1.port }
        let named = found.prefix(StrangersCheck.longest).map { port, pool in
            StrangersCheck.Stranger(
                port: port, pool: pool, state: database?.states[port] ?? (database == nil ? nil : .free),
                listeners: probe.listeners(on: port))
        }
        return StrangersCheck(named, more: found.count - named.count)
    }

    func otherBerths(on pools: [Pool], _ lock: LockHolder?) -> any DoctorCheck {
        do {
            // This database's own daemon marks its ranges too; in a container it counts its PID as the lock file has it.
            let own = lock.flatMap { lock in lock.holder.map { [$0, lock.written] } } ?? []
            let others = try RangeMarkers.others().filter { !own.contains($0.pid) }
            return OtherBerthsCheck(pools: pools, others: others)
        } catch {
            return UnansweredCheck(OtherBerthsCheck.self, error.message)
        }
    }
}
