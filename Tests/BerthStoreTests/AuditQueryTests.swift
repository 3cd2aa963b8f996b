import BerthCore
import BerthTestSupport
import GRDB
import Testing

@testable import BerthStore

/// Pages of the audit, against the same question asked of all records one by one.
@Suite struct `Asking the audit` {
    /// What a filter must find, by its meaning alone.
    private func expected(_ filter: AuditFilter, of records: [AuditRecord]) -> [Int64] {
        let found = records.filter { record in
            let entry = record.entry
            let isSeen = filter.viewer.map { entry.holder == $0 || entry.principal == $0 } ?? true
            let covers = filter.port.map { port in entry.block?.ports.contains(port) ?? false } ?? true
            let isInTime = record.at >= filter.since ?? record.at && record.at <= filter.until ?? record.at
            return isSeen && covers && isInTime && record.seq > filter.after
                && entry.session == filter.session ?? entry.session && entry.lease == filter.lease ?? entry.lease
                && entry.pool == filter.pool ?? entry.pool && entry.event == filter.event ?? entry.event
                && entry.principal == filter.principal ?? entry.principal
        }.map(\.seq)
        return filter.order == .asc ? found : found.reversed()
    }

    /// All pages of a filter, one after the other.
    private func pages(_ filter: AuditFilter, _ test: TestStore) async throws -> [Int64] {
        var (filter, found) = (filter, [Int64]())
        while true {
            let page = try await test.store.audit(filter)
            found += page.map(\.seq)
            guard page.count == filter.limit, let last = page.last else { return found }
            filter.cursor = last.seq
        }
    }

    /// A filter of some of the conditions, with values that the records have.
    private func anyFilter(_ records: [AuditRecord], _ random: inout SplitMix64) -> AuditFilter {
        var filter = AuditFilter()
        let model = records.randomElement(using: &random)
        let other = records.randomElement(using: &random)
        func chance() -> Bool { Int.random(in: 0..<4, using: &random) == 0 }
        if chance() { filter.port = model?.entry.block.flatMap { $0.ports.randomElement(using: &random) } }
        if chance() { filter.session = model?.entry.session }
        if chance() { filter.lease = model?.entry.lease }
        if chance() { filter.pool = model?.entry.pool }
        if chance() { filter.event = model?.entry.event }
        if chance() { filter.principal = model?.entry.principal }
        if chance() { filter.viewer = other?.entry.holder }
        if chance() { filter.since = other?.at.advanced(byMilliseconds: .random(in: -1...1, using: &random)) }
        if chance() { filter.until = model?.at.advanced(byMilliseconds: .random(in: -1...1, using: &random)) }
        if chance() { filter.after = other?.seq ?? 0 }
        filter.order = Bool.random(using: &random) ? .asc : .desc
        filter.limit = .random(in: 1...60, using: &random)
        return filter
    }

    @Test(arguments: [1, 2])
    func `finds what a walk through all records finds`(seed: Int) async throws {
        var history = try await RandomHistory(seed: seed)
        for _ in 0..<1_000 { try await history.step() }
        var all = AuditFilter()
        all.limit = 1_000_000
        let records = try await history.test.store.audit(all)
        #expect(records.count > 500)
        var random = SplitMix64(seed: seed)
        var found = 0
        for _ in 0..<300 {
            let filter = anyFilter(records, &random)
            let answer = try await pages(filter, history.test)
            #expect(answer == expected(filter, of: records), "\(filter)")
            found += answer.count
        }
        #expect(found > 3_000, "the filters found too little to say anything")
    }

    @Test(arguments: AuditFilter.Order.allCases)
    func `finds what there is beside the greatest number`(order: AuditFilter.Order) async throws {
        let test = try await TestStore.open()
        var filter = AuditFilter()
        filter.order = order
        let all = try await test.store.audit(filter).map(\.seq)
        #expect(!all.isEmpty)
        filter.cursor = .max
        #expect(try await test.store.audit(filter).map(\.seq) == (order == .asc ? [] : all))
        filter.cursor = nil
        filter.after = .max
        #expect(try await test.store.audit(filter).isEmpty)
    }

    /// Filters by the index that must lead, and each of them in both orders and within a time.
    private static let plans: [(index: String, filter: AuditFilter)] = {
        func filter(_ change: (inout AuditFilter) -> Void) -> AuditFilter {
            var filter = AuditFilter()
            change(&filter)
            return filter
        }
        let alice = SessionName(rawValue: "alice")
        return [
            (
                "audit_lease",
                filter {
                    $0.lease = LeaseID(1); $0.session = alice; $0.event = .leaseGranted
                }
            ),
            (
                "audit_cell",
                filter {
                    $0.port = 20_001; $0.session = alice
                }
            ),
            (
                "audit_session",
                filter {
                    $0.session = alice; $0.event = .leaseGranted; $0.viewer = .user(1000)
                }
            ),
            (
                "audit_principal",
                filter {
                    $0.principal = .user(1000); $0.pool = .standard
                }
            ),
            (
                "audit_event",
                filter {
                    $0.event = .leaseGranted; $0.pool = .standard
                }
            ),
            ("audit_pool", filter { $0.pool = .standard }),
            (
                "audit_holder",
                filter {
                    $0.viewer = .user(1000); $0.event = .leaseGranted
                }
            ),
            ("INTEGER PRIMARY KEY", AuditFilter()),
        ]
    }()

    @Test func `reads an index in the order of the answer, and never sorts or scans`() async throws {
        let test = try await TestStore.open()
        for first in [20_000, 20_010, 20_020] { _ = try await test.lease(Wish(first: first)) }
        for (index, plain) in Self.plans {
            for order in AuditFilter.Order.allCases {
                var filter = plain
                filter.order = order
                filter.since = Instant(milliseconds: 0)
                let asked = filter
                let plan = try await test.store.read { db -> [String] in
                    guard let select = try LeaseStore.select(asked, db) else { return [] }
                    return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + select.sql, arguments: select.arguments)
                        .map { $0["detail"] }
                }
                #expect(plan.contains { $0.contains(index) }, "\(plan)")
                #expect(!plan.contains { $0.contains("SCAN") || $0.contains("TEMP B-TREE") }, "\(index): \(plan)")
            }
        }
    }

    /// The plan says `COVERING` of no index on a generated column, so the program itself must read no column of the table.
    @Test(arguments: AuditFilter.Order.allCases)
    func `finds a block's nearest record in the index alone`(order: AuditFilter.Order) async throws {
        let test = try await TestStore.open()
        let sql = LeaseStore.nearest(order)
        let (plan, operations) = try await test.store.read { db in
            let arguments: StatementArguments = [0, 20_000, 6, 1, 9]
            return (
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map {
                    $0["detail"] as String
                },
                try Row.fetchAll(db, sql: "EXPLAIN " + sql, arguments: arguments).map { $0["opcode"] as String }
            )
        }
        #expect(
            plan == ["SEARCH audit USING INDEX audit_cell (cell=? AND first_port=? AND count=? AND seq>? AND seq<?)"])
        #expect(operations.contains("IdxRowid") && !operations.contains("Column"), "\(operations)")
    }
}
