import BerthCore
import BerthStore
import BerthTestSupport
import GRDB
import Synchronization
import Testing

/// A store in a folder of its own, on a host whose clocks and processes the test moves.
struct TestStore {
    let folder: TemporaryFolder
    let clock: ManualClock
    let processes: FakeProcessTable
    let commits: CommitRecorder
    let store: LeaseStore

    /// A fresh store with one pool of 100 ports, 20000-20099, whose quarantine is 2 s.
    static func open(pools: [Pool] = [.test], limits: Limits = Limits()) async throws -> TestStore {
        let clock = ManualClock()
        return try await open(
            pools, limits, folder: TemporaryFolder(), clock: clock, processes: FakeProcessTable(clock: clock))
    }

    /// Opens what lies in the folder.
    static func open(
        _ pools: [Pool], _ limits: Limits = Limits(), folder: TemporaryFolder, clock: ManualClock,
        processes: FakeProcessTable,
        file: DatabaseFile? = nil, commits: CommitRecorder = CommitRecorder()
    ) async throws -> TestStore {
        let file = try file ?? DatabaseFile(path: folder.file("berth.db"))
        let setup = LeaseStore.Setup(
            pools: pools, limits: limits, clock: clock, processes: processes, observer: commits,
            unknownOutcome: { commits.unknownOutcome($0) })
        let store = try await LeaseStore.open(file, setup)
        return TestStore(folder: folder, clock: clock, processes: processes, commits: commits, store: store)
    }

    var path: String { folder.file("berth.db") }

    /// Closes the database as it stands, with no record of an orderly end.
    func stop() throws {
        store.queue.close()
        try store.file.close()
    }

    /// Opens the same database again, after ``stop()``.
    func started(pools: [Pool] = [.test], limits: Limits = Limits()) async throws -> TestStore {
        try await Self.open(pools, limits, folder: folder, clock: clock, processes: processes)
    }

    /// Stops and starts again, with `meanwhile` in between.
    func restarted(
        pools: [Pool] = [.test], limits: Limits = Limits(), _ meanwhile: () throws -> Void = {}
    ) async throws -> TestStore {
        try stop()
        try meanwhile()
        return try await started(pools: pools, limits: limits)
    }

    /// The rows of a statement, each as its columns' texts joined by `|`; NULL is empty.
    func rows(_ sql: String) throws -> [String] {
        try store.file.readers.read { db in
            try Row.fetchAll(db, sql: sql).map { row in
                row.databaseValues.map { $0.isNull ? "" : String.fromDatabaseValue($0) ?? "\($0)" }
                    .joined(separator: "|")
            }
        }
    }

    /// The events of the audit behind `seq`, in order.
    func events(after seq: Int = 0) throws -> [String] {
        try rows("SELECT event FROM audit WHERE seq > \(seq) ORDER BY seq")
    }

    /// The last sequence number of the audit.
    func lastSeq() throws -> Int { try Int(rows("SELECT max(seq) FROM audit")[0]) ?? 0 }

    /// Ports in this state, as runs.
    func ports(_ state: PortState) async throws -> [String] {
        PortBlock.runs(of: try await store.allPorts().filter { $0.state == state }.map(\.port)).map(\.description)
    }
}

/// Counts commits and keeps what was told about lost ones.
final class CommitRecorder: CommitObserver {
    private let batches = Mutex<[Int]>([])
    private let failures = Mutex<[String]>([])
    private let afterCommit: @Sendable () -> Void
    private let end: @Sendable () -> Void

    /// - Parameters:
    ///   - afterCommit: called after each commit, before anybody is answered.
    ///   - unknownOutcome: called where the process would end.
    init(afterCommit: @escaping @Sendable () -> Void = {}, unknownOutcome end: @escaping @Sendable () -> Void = {}) {
        self.afterCommit = afterCommit
        self.end = end
    }

    func committed(changes: Int, duration: Duration) {
        batches.withLock { $0.append(changes) }
        afterCommit()
    }
    func unknownOutcome(_ error: any Error) {
        failures.withLock { $0.append("\(error)") }
        end()
    }

    var batchSizes: [Int] { batches.withLock { $0 } }
    var unknownOutcomes: [String] { failures.withLock { $0 } }
    func forget() { batches.withLock { $0 = [] } }
}

extension Pool {
    /// 20000-20099, with 2 s of quarantine.
    static let test = Pool(name: .standard, ranges: [.of(20_000, 100)])
}

extension Caller {
    static let alice = Caller(principal: .user(1000), isAdministrator: false, mayNameProcesses: true)
    static let bob = Caller(principal: .user(1001), isAdministrator: false, mayNameProcesses: true)
    static let administrator = Caller(principal: .user(0), isAdministrator: true, mayNameProcesses: true)
}

extension ChangeContext {
    static let alice = ChangeContext(caller: .alice, requestID: "request-1")
    static let bob = ChangeContext(caller: .bob)
    static let daemon = ChangeContext(caller: .daemon)
}

/// The code of the error that `body` throws; nil when it throws none or another kind.
func code<Value>(of body: () async throws -> Value) async -> ErrorCode? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? BerthError)?.code
    }
}
