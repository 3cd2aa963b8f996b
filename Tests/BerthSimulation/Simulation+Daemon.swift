import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import FoundationEssentials

/// What the daemon does by itself, and its starts and ends.
extension Simulation {
    /// Time goes on, and a sweep comes, now and then late.
    func passTime() async throws {
        let span = Int64.random(in: 1...2400, using: &random)
        host.clock.advance(milliseconds: span)
        note("\(span) ms pass")
        // Two such spans without a sweep between them are a gap, whose end must be seen whole.
        guard host.now - ledger.lastServed <= 3000 else { return try await sweepAfterGap() }
        if random.happens(inPercent: 80) { await sweep() }
    }

    func sweep() async {
        note("sweep")
        await daemon.reaper.sweep()
        if !daemon.pulse.isDead { ledger.served(at: host.clock.now()) }
        events.hasSwept = true
        ledger.isLineBroken = false
    }

    /// The host sleeps for up to three hours.
    func suspend() async throws {
        let span = Int64.random(in: 3001...10_800_000, using: &random)
        host.clock.sleep(milliseconds: span)
        note("the host sleeps for \(span) ms")
        try await sweepAfterGap()
    }

    /// The first to look around after a gap may be the sweep, or somebody who asks for one.
    private func sweepAfterGap() async throws {
        disarm()
        if random.happens(inPercent: 30) { try await reap() } else { await sweep() }
    }

    /// A sweep that moves deadlines must not fail half-way: which of them it moved would not be known.
    private func disarm() {
        daemon.disk.fail(call: 0)
        daemon.pulse.setDiesAtCommit(false)
        events.isFaultArmed = false
    }

    func tellDeaths() async throws {
        note("deaths are told")
        let deaths = daemon.watch.takeDeaths().map { Death($0, .event) }
        do {
            try await daemon.manager.record(deaths)
        } catch {
            guard events.isFaultArmed else { throw error }
            note("  they could not be recorded")
        }
    }

    /// The kernel tells of deaths, and nobody hears of them.
    func loseDeaths() {
        let lost = daemon.watch.takeDeaths().count
        note("\(lost) deaths are lost")
    }

    /// Somebody asks for everything to be looked at.
    func reap() async throws {
        note("reap")
        ledger.served(at: host.clock.now())
        do {
            _ = try await daemon.manager.reap(dryRun: false)
            events.hasReaped = true
        } catch {
            guard events.isFaultArmed else { throw error }
            note("  it failed")
        }
    }

    /// Old records go, and what only they tell of. Where the disk fails half-way, it is carried on the next time.
    func prune() async throws {
        let age = Int64.random(in: 0...600_000, using: &random)
        let before = host.clock.now().wall.advanced(byMilliseconds: -age)
        note("the records of before \(age) ms ago are pruned")
        do {
            _ = try await daemon.manager.pruneAudit(before: before, ChangeContext(caller: .daemon))
            report.prunings += 1
        } catch {
            guard events.isFaultArmed else { throw error }
            note("  it failed")
        }
        // Its archives are nobody's in a simulation.
        try? FileManager.default.removeItem(atPath: daemon.store.file.path + ".archive")
    }

    // MARK: Starts and ends

    func restart() async throws {
        if random.happens(inPercent: 50) { return try await crash() }
        report.restarts += 1
        note("the daemon stops")
        try daemon.stop()
        try await start(on: daemon.disk, afterReboot: false)
    }

    /// The daemon is killed, and started again on what it left.
    func crash() async throws {
        report.crashes += 1
        note("the daemon is killed")
        try await start(on: daemon.crash(), afterReboot: false)
    }

    func reboot() async throws {
        report.reboots += 1
        note("the host is started anew")
        let disk = try daemon.crash()
        host.reboot(down: Int64.random(in: 1000...200_000, using: &random))
        try await start(on: disk, afterReboot: true)
    }

    private func start(on disk: SimulatedDisk, afterReboot: Bool) async throws {
        if random.happens(inPercent: 30) { host.chooseLayout(&random) }
        let watched = random.happens(inPercent: 30) ? Int.random(in: 0...4, using: &random) : Int.max
        if random.happens(inPercent: 30) {
            host.clock.advance(milliseconds: Int64.random(in: 1...90_000, using: &random))
        }
        daemon = try await SimulatedDaemon.start(on: disk, host, watched: watched)
        ledger.restarted(
            afterReboot: afterReboot, ports: host.managed, at: host.clock.now())
        (events.hasRestarted, ledger.hasRestarted, ledger.isLineBroken) = (true, true, false)
        for id in ledger.asked.keys { ledger.asked[id] = host.now }
        snapshotCommits = nil
        sweepsSinceAbandoned = [:]
        note("a daemon starts; \(host.pools.map { "\($0.name) \($0.runs)" }), watching \(watched)")
    }

    /// When everybody is gone and everything unbound, every port comes back.
    func wind() async throws {
        for pid in SimulatedHost.pids { _ = host.kill(pid) }
        for port in host.bound.sorted() { host.toggle(port) }
        for _ in 0..<240 {
            events = StepEvents()
            events.lastLease = ledger.lastLease
            host.clock.advance(milliseconds: 1000)
            try await tellDeaths()
            await sweep()
            try await keepLine()
            try await check()
        }
        guard ledger.line.isEmpty else { throw failure("somebody waits for ever: \(ledger.line.keys.sorted())") }
        let kept = snapshot.ports.filter { $0.state != .free }
        guard kept.isEmpty, snapshot.leases.isEmpty else { throw failure("ports leaked: \(kept)") }
        try await checkAudit()
    }
}
