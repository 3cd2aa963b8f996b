import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `Leasing a block` {
    @Test func `steps over what a stranger has bound, and calls it foreign`() async throws {
        let host = try await TestManager.start()
        host.probe.bind(20_002, pid: 77, command: "stranger")
        #expect(try await host.lease("a", 6).block == .of(20_003, 6))
        let report = try await host.manager.report(20_002, for: .administrator)
        #expect(report.state == .foreign)
        #expect(report.listeners.map(\.command) == ["stranger"])
        #expect(try await host.manager.report(20_002, for: .alice).listeners == [])
    }

    @Test func `gives a stranger's port back to the pool once it is unbound`() async throws {
        let host = try await TestManager.start(size: 6)
        host.probe.bind(20_002)
        #expect(await refusal { try await host.lease("a", 6) }?.code == .poolExhausted)
        host.probe.unbind(20_002)
        #expect(try await host.lease("a", 6).block == .of(20_000, 6))
    }

    @Test func `calls a port quarantined that is still bound right after its release, and foreign later`() async throws
    {
        let host = try await TestManager.start()
        let lease = try await host.lease("a", 1)
        host.probe.bind(20_000)
        try await host.release(lease)
        #expect(try await host.state(of: 20_000) == .quarantined)
        for _ in 0..<70 {
            host.clock.advance(milliseconds: 1000)
            await host.reaper.sweep()
        }
        #expect(try await host.state(of: 20_000) == .foreign)
        host.probe.unbind(20_000)
        #expect(try await host.state(of: 20_000) == .free)
    }

    @Test func `never binds a leased port`() async throws {
        let host = try await TestManager.start()
        let lease = try await host.lease("a", 3)
        let probes = host.probe.probedBlocks.count
        _ = try await host.manager.report(lease.block.first, for: .alice)
        await host.reaper.sweep()
        #expect(host.probe.probedBlocks.count == probes)
    }

    @Test func `gives everything back when the kernel's answer tells nothing`() async throws {
        let host = try await TestManager.start(size: 6)
        host.probe.fail(with: BerthError(.storageUnavailable, "no descriptors left"))
        #expect(await refusal { try await host.lease("a", 6) }?.code == .storageUnavailable)
        host.probe.fail(with: nil)
        #expect(try await host.lease("a", 6).block == .of(20_000, 6))
    }

    @Test func `returns the active lease of that name, in a full pool too`() async throws {
        let host = try await TestManager.start(size: 6)
        let lease = try await host.lease("a", 6) { $0.name = "web" }
        #expect(try await host.lease("a", 6) { $0.name = "web" }.id == lease.id)
        #expect(await refusal { try await host.lease("a", 5) { $0.name = "web" } }?.code == .nameConflict)
    }

    @Test func `takes a dead owner's block over for the same name, in one change`() async throws {
        let host = try await TestManager.start()
        _ = host.processes.start(10)
        let old = try await host.lease("a", 3) {
            $0.name = "web"
            $0.owner = .pid(10)
        }
        host.processes.end(10)
        _ = host.processes.start(11)
        let new = try await host.lease("a", 3) {
            $0.name = "web"
            $0.owner = .pid(11)
        }
        #expect(new.id > old.id)
        #expect(new.block == old.block)
        #expect(try await host.end(of: old) == .orphaned)
    }

    @Test func `leaves a dead owner's block in quarantine while something is bound there`() async throws {
        let host = try await TestManager.start()
        _ = host.processes.start(10)
        let old = try await host.lease("a", 3) {
            $0.name = "web"
            $0.owner = .pid(10)
        }
        host.processes.end(10)
        host.probe.bind(20_001)
        let new = try await host.lease("a", 3) { $0.name = "web" }
        #expect(!new.block.overlaps(old.block))
        #expect(try await host.state(of: 20_001) == .quarantined)
    }

    @Test func `lets callers name only processes that they may`() async throws {
        let host = try await TestManager.start()
        _ = host.processes.start(10, user: 1000)
        try await host.lease("a", 1) { $0.owner = .pid(10) }
        #expect(await refusal { try await host.lease("t", 1, as: .token) { $0.owner = .pid(10) } }?.code == .forbidden)
        #expect(await refusal { try await host.lease("b", 1, as: .bob) { $0.owner = .pid(10) } }?.code == .forbidden)
        #expect(await refusal { try await host.lease("c", 1) { $0.owner = .pid(99) } }?.code == .noSuchProcess)
    }

    @Test func `grants each port once to many at a time, until nothing is left`() async throws {
        let host = try await TestManager.start(size: 300)
        let outcomes = await withTaskGroup(of: Result<PortBlock, BerthError>.self) { group in
            for number in 0..<64 {
                group.addTask {
                    do {
                        let session = SessionName(rawValue: "s\(number)") ?? "s"
                        return .success(try await host.lease(session, 6).block)
                    } catch {
                        return .failure(error as? BerthError ?? BerthError(.internal, "\(error)"))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let granted = outcomes.compactMap { try? $0.get() }
        #expect(granted.count == 50)
        #expect(Set(granted.flatMap(\.ports)).count == 300)
        let refused = outcomes.compactMap { outcome in if case .failure(let error) = outcome { error.code } else { nil }
        }
        #expect(refused.allSatisfy { $0 == .poolExhausted })
    }
}
