import BerthCore
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(2))) struct `Watching many processes` {
    private let table: LinuxProcessTable

    init() throws {
        table = try LinuxProcessTable(clock: LinuxClock())
        // Each process takes a descriptor, and 1024 is a usual limit.
        _ = try FileDescriptorLimit.raise()
    }

    @Test func `costs nothing while none of them ends`() async throws {
        let watch = try LinuxProcessWatch(processes: table, maximumDescriptors: 1000)
        let children = try (0..<1000).map { _ in try TestChild("/bin/sleep", "600") }
        let identities = children.compactMap { table.identify($0.pid) }
        #expect(identities.allSatisfy { watch.watch($0) == .watching })
        #expect(watch.watchedCount == 1000)
        // It has not run since its start, so it has used no processor.
        #expect(watch.wakeUps == 0)
        children[500].end()
        for await death in watch.deaths {
            #expect(death == identities[500])
            break
        }
        #expect(watch.wakeUps == 1)
        #expect(watch.watchedCount == 999)
        watch.close()
        #expect(watch.wakeUps == 2)
        #expect(watch.watchedCount == 0)
    }

    /// What one task of the storm has seen.
    private struct Account: Sendable {
        /// Deaths that have to be told once.
        var due: [ProcessIdentity] = []
        /// Deaths that were forgotten when they may have been seen: told once or never.
        var forgotten: Set<ProcessIdentity> = []
        /// Those which were found dead, and are never told.
        var ended = 0
    }

    @Test func `tells each death of a fork storm once`() async throws {
        let watch = try LinuxProcessWatch(processes: table, maximumDescriptors: 1000)
        let accounts = try await withThrowingTaskGroup(of: Account.self) { group in
            for _ in 0..<4 { group.addTask { try storm(watch, children: 500) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let due = Set(accounts.flatMap(\.due))
        let forgotten = accounts.reduce(into: Set()) { $0.formUnion($1.forgotten) }
        #expect(due.count + forgotten.count + accounts.map(\.ended).reduce(0, +) == 2000)

        var told: [ProcessIdentity: Int] = [:]
        if !due.isEmpty {
            var missing = due
            for await death in watch.deaths {
                told[death, default: 0] += 1
                missing.remove(death)
                if missing.isEmpty { watch.close() }
            }
        }
        #expect(told.values.allSatisfy { $0 == 1 })
        #expect(Set(told.keys).isSuperset(of: due))
        #expect(Set(told.keys).subtracting(due).isSubset(of: forgotten))
        #expect(watch.watchedCount == 0)
    }

    private func storm(_ watch: LinuxProcessWatch, children: Int) throws -> Account {
        var account = Account()
        for index in 0..<children {
            let child = try TestChild("/bin/sleep", "600")
            let identity = try #require(table.identify(child.pid))
            switch index % 4 {
            case 0:
                try #require(watch.watch(identity) == .watching)
                account.due.append(identity)
            case 1:
                // Dying while it comes under watch.
                kill(child.pid, SIGKILL)
                switch watch.watch(identity) {
                case .watching: account.due.append(identity)
                case .ended: account.ended += 1
                case .unwatched: Issue.record("there is room for all")
                }
            case 2:
                try #require(watch.watch(identity) == .watching)
                kill(child.pid, SIGKILL)
                watch.forget(identity)
                account.forgotten.insert(identity)
            default:
                // Forgotten and watched again while its death may be on the way. Whatever was seen before the second
                // watch, that one says whether another is to come.
                try #require(watch.watch(identity) == .watching)
                kill(child.pid, SIGKILL)
                watch.forget(identity)
                if watch.watch(identity) == .watching {
                    account.due.append(identity)
                } else {
                    account.forgotten.insert(identity)
                }
            }
            child.end()
        }
        return account
    }
}
