import BerthCore
import BerthHost
import Glibc

/// Watches more processes than this one has descriptors for, and says what came of each.
enum DescriptorCheck {
    static func run() async throws {
        let table = try LinuxProcessTable(clock: LinuxClock())
        let watch = try LinuxProcessWatch(processes: table, maximumDescriptors: 1000)
        let children = try (0..<8).map { _ in try Child() }
        let identities = children.compactMap { table.identify($0.pid) }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let lowest = dup(0)
        close(lowest)
        try set(&limit, rlim_t(lowest) + 4)
        say("full: " + identities.map { "\(watch.watch($0))" }.joined(separator: " "))
        try set(&limit, 1000)
        say("again: " + identities.map { "\(watch.watch($0))" }.joined(separator: " "))
        for child in children { child.end() }
        var told: [Int32] = []
        for await death in watch.deaths {
            told.append(death.pid)
            if told.count == children.count { watch.close() }
        }
        say("told: \(told.sorted() == children.map(\.pid).sorted())")
    }

    private static func set(_ limit: inout rlimit, _ descriptors: rlim_t) throws {
        limit.rlim_cur = min(descriptors, limit.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw Failure(what: "setrlimit", number: errno)
        }
    }
}
