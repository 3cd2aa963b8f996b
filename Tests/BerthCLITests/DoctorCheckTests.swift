import BerthCommandLine
import BerthCore
import Testing

/// Facts in, findings out; what hosts show is for the end-to-end tests.
@Suite struct `The questions of berth doctor` {
    private func severities(_ check: some DoctorCheck) -> [Finding.Severity] { check.findings.map(\.severity) }

    /// 20000-20099, unless said otherwise.
    private func pool(_ first: UInt16 = 20_000, _ count: Int = 100, name: String = "default") throws -> Pool {
        Pool(
            name: try #require(PoolName(rawValue: name)), ranges: [try block(first, count)])
    }

    private func block(_ first: UInt16, _ count: Int) throws -> PortBlock {
        try #require(Port(first).flatMap { PortBlock(first: $0, count: count) })
    }

    @Test func `warn of a pool inside the ephemeral ports`() throws {
        let ephemeral = try block(20_050, 1000)
        let findings = EphemeralRangeCheck(pools: [try pool(), try pool(10_000, name: "low")], ephemeral: ephemeral)
            .findings
        #expect(findings.map(\.severity) == [.warning])
        #expect(findings[0].finding.contains("20000-20099") && findings[0].finding.contains("20050-21049"))
        #expect(findings[0].remedy?.contains("--pool") == true)
        #expect(severities(EphemeralRangeCheck(pools: [try pool(10_000)], ephemeral: ephemeral)) == [.ok])
    }

    @Test(
        arguments: [
            (3_040_001, .note), (3_051_002, .note), (3_051_003, .ok), (3_060_000, .ok), (3_006_000, .ok),
        ] as [(Int, Finding.Severity)])
    func `tell of an SQLite that can lose commits`(number: Int, severity: Finding.Severity) {
        #expect(severities(SQLiteVersionCheck(text: "x", number: number)) == [severity])
    }

    @Test(
        arguments: [
            (.folder, 0o700, .ok), (.folder, 0o755, .warning), (.folder, 0o770, .problem), (.folder, 0o500, .problem),
            (.database, 0o600, .ok), (.database, 0o640, .warning), (.database, 0o602, .problem),
            (.database, 0o400, .problem), (.lock, 0o644, .warning), (.token, 0o600, .ok), (.token, 0o640, .problem),
        ] as [(FileModesCheck.File.Role, UInt32, Finding.Severity)])
    func `name wrong modes`(role: FileModesCheck.File.Role, mode: UInt32, severity: Finding.Severity) {
        let file = FileModesCheck.File(path: "/x/berth", role: role, mode: mode, owner: 7, isLink: false)
        let findings = FileModesCheck(files: [file], user: 7).findings
        #expect(findings.map(\.severity) == [severity])
        guard severity != .ok else { return }
        #expect(findings[0].finding.contains("/x/berth has mode 0\(String(mode, radix: 8))"))
        #expect(findings[0].remedy == "chmod \(role == .folder ? "0700" : "0600") /x/berth")
    }

    @Test func `name a file that is another user's, and links that are not followed`() {
        func file(_ path: String, _ role: FileModesCheck.File.Role, owner: UInt32 = 7, isLink: Bool = false)
            -> FileModesCheck.File
        {
            FileModesCheck.File(path: path, role: role, mode: isLink ? 0o777 : 0o600, owner: owner, isLink: isLink)
        }
        let foreign = FileModesCheck(files: [file("/x/db", .database), file("/x/token", .token, owner: 0)], user: 7)
        #expect(foreign.findings.map(\.finding) == ["/x/token belongs to user 0, the database to user 7."])
        #expect(foreign.findings[0].remedy == "chown 7 /x/token" && severities(foreign) == [.problem])
        #expect(severities(FileModesCheck(files: [file("/x/db", .database)], user: 8)) == [.note])
        #expect(severities(FileModesCheck(files: [file("/x/db", .database)], user: 0)) == [.ok])
        let link = [file("/x/db", .database, isLink: true), file("/x/token", .token, isLink: true)]
        #expect(severities(FileModesCheck(files: link, user: 7)) == [.problem, .problem])
        #expect(severities(FileModesCheck(files: [file("/x", .folder, isLink: true)], user: 7)) == [.ok])
    }

    @Test func `name strangers with their processes, and count those past the twentieth`() throws {
        let port = try #require(Port(20_010))
        let name = try pool().name
        let listeners = ["127.0.0.1", "::1"].map {
            PortListener(transport: .tcp, address: $0, pid: 555, command: "python3")
        }
        let stranger = StrangersCheck.Stranger(port: port, pool: name, state: .free, listeners: listeners)
        let findings = StrangersCheck([stranger], more: 3).findings
        #expect(findings.map(\.severity) == [.warning, .warning])
        #expect(findings[0].finding.contains("Port 20010 of pool default is bound by process 555 (python3) without"))
        #expect(findings[1].finding.hasPrefix("3 more"))
        let resting = StrangersCheck.Stranger(port: port, pool: name, state: .quarantined, listeners: [])
        #expect(StrangersCheck([resting], more: 0).findings[0].finding.contains("it rests since its last lease"))
        #expect(severities(StrangersCheck([], more: 0)) == [.ok])
    }

    @Test func `warn of a wall clock behind the ledger`() {
        let now = Moment(
            wall: Instant(milliseconds: 1_000_000_000_000), boot: BootTime(milliseconds: 60_000), bootID: BootID("b"))
        let late = ClockCheck(now: now, newestRecord: now.wall.advanced(byMilliseconds: 3_600_000))
        #expect(severities(late) == [.warning] && late.findings[0].finding.contains("1h before"))
        #expect(severities(ClockCheck(now: now, newestRecord: now.wall)) == [.ok])
        #expect(severities(ClockCheck(now: now, newestRecord: nil)) == [.ok])
    }

    @Test func `tell who holds the lock`() {
        func check(_ holder: Int32?, _ written: Int32?, _ command: String?) -> LockCheck {
            LockCheck(path: "/x/berth.db.lock", holder: holder, written: written, command: command)
        }
        #expect(severities(check(5, 5, "berth")) == [.ok])
        #expect(severities(check(5, 6, "berth")) == [.note])
        #expect(severities(check(5, 5, "vi")) == [.problem])
        #expect(check(nil, 5, nil).findings[0].finding.contains("process 5, is gone"))
        #expect(check(nil, 5, "vi").findings[0].finding.contains("another program's (vi)"))
        #expect(severities(check(nil, nil, nil)) == [.ok])
    }

    @Test func `name another Berth over the same ports`() throws {
        let others = [(range: try block(20_090, 50), pid: Int32(77)), (range: try block(30_000, 5), pid: Int32(78))]
        let findings = OtherBerthsCheck(pools: [try pool()], others: others).findings
        #expect(findings.map(\.severity) == [.warning] && findings[0].finding.contains("process 77"))
        #expect(severities(OtherBerthsCheck(pools: [try pool(10_000)], others: others)) == [.ok])
    }

    @Test func `tell what the kernel lacks`() {
        func check(_ pidfds: Bool, _ inodes: Bool, _ peers: Bool) -> ProcessesCheck {
            ProcessesCheck(kernel: "5.10", hasPIDFDs: pidfds, hasInodes: inodes, hasPeerPIDFDs: peers)
        }
        #expect(severities(check(true, true, true)) == [.ok])
        #expect(severities(check(true, false, true)) == [.note])
        #expect(check(true, true, false).findings[0].finding.contains("6.5"))
        #expect(severities(check(false, false, false)) == [.warning])
    }

    @Test func `tell limits and room that are too small`() {
        func limit(_ limit: UInt64?) -> [Finding.Severity] {
            severities(DescriptorsCheck(limit: limit, isDaemons: true))
        }
        #expect(limit(100) == [.problem] && limit(1024) == [.note] && limit(.max) == [.ok] && limit(nil) == [.note])
        func disk(_ mebibytes: UInt64, _ network: String? = nil) -> [Finding.Severity] {
            severities(DiskCheck(folder: "/x", freeBytes: mebibytes << 20, network: network))
        }
        #expect(disk(15) == [.problem] && disk(255) == [.warning] && disk(256) == [.ok])
        #expect(disk(1000, "NFS") == [.problem, .ok])
    }

    @Test func `tell damage, an older schema and a missing database`() {
        func check(_ damage: [String], _ pending: [String]) -> DatabaseCheck {
            DatabaseCheck(
                path: "/x/db", .examined(damage: damage, pendingMigrations: pending, auditRecords: 3))
        }
        #expect(severities(check([], [])) == [.ok])
        #expect(
            check(["row 1 is bad", "row 2 is bad"], []).findings.map(\.finding)
                == ["row 1 is bad", "row 2 is bad"].map { "/x/db: \($0)" })
        #expect(severities(check(["x"], [])) == [.problem])
        #expect(severities(check([], ["V002"])) == [.note])
        #expect(severities(DatabaseCheck(path: "/x/db", .absent)) == [.note])
        #expect(severities(DatabaseCheck(path: "/x/db", .unreadable("no"))) == [.problem])
    }

    @Test func `compare the configuration with what was served`() throws {
        let here = [try pool(), try pool(30_000, name: "new")]
        let findings = PoolsCheck(configured: here, stored: [try pool(20_000, 50), try pool(1000, name: "old")])
            .findings
        #expect(findings.map(\.severity) == [.note, .note, .note])
        #expect(findings[0].finding.contains("20000-20049") && findings[0].finding.contains("20000-20099"))
        #expect(findings[1].finding.contains("Pool new is new") && findings[2].finding.contains("Pool old"))
        #expect(severities(PoolsCheck(configured: here, stored: here)) == [.ok])
        #expect(severities(PoolsCheck(configured: here, stored: nil)) == [.ok])
    }

    @Test(
        arguments: [
            (.ready, 5, .ok), (.ready, nil, .warning), (.strange("x"), 5, .problem), (.denied, nil, .note),
            (.notASocket, nil, .problem), (.absent, nil, .note), (.stale, nil, .note), (.absent, 5, .warning),
            (.stale, 5, .warning),
        ] as [(DaemonCheck.Answer, Int32?, Finding.Severity)])
    func `tell whether the daemon answers`(answer: DaemonCheck.Answer, holder: Int32?, severity: Finding.Severity) {
        #expect(severities(DaemonCheck(socket: "/x/sock", answer: answer, holder: holder)) == [severity])
        #expect(severities(DaemonCheck(socket: nil, answer: answer, holder: holder)) == [.note])
    }
}
