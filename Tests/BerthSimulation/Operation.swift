import BerthTestSupport

/// A thing that may happen in a step.
enum Operation {
    case lease, renew, release, endSession, attach, detach, trespass, leaveLine
    case kill, reusePID, toggleSocket, stepWallClock
    case passTime, tellDeaths, loseDeaths, reap, suspend
    case restart, reboot, prune

    /// How often each comes up among all.
    private static let weights: [(operation: Operation, weight: Int)] = [
        (.lease, 200), (.renew, 60), (.release, 75), (.endSession, 8), (.attach, 85), (.detach, 25), (.trespass, 25),
        (.leaveLine, 10),
        (.kill, 70), (.reusePID, 130), (.toggleSocket, 70), (.stepWallClock, 12),
        (.passTime, 150), (.tellDeaths, 35), (.loseDeaths, 10), (.reap, 8), (.suspend, 5),
        (.restart, 12), (.reboot, 2), (.prune, 4),
    ]
    private static let total = weights.reduce(0) { $0 + $1.weight }

    static func choose(_ random: inout SplitMix64) -> Operation {
        var left = Int.random(in: 0..<total, using: &random)
        for (operation, weight) in weights {
            if left < weight { return operation }
            left -= weight
        }
        return .passTime
    }

    /// Whether a call to the disk may fail during it.
    var touchesTheDisk: Bool {
        switch self {
        case .lease, .renew, .release, .endSession, .attach, .detach, .trespass, .leaveLine, .passTime, .tellDeaths,
            .reap, .prune:
            true
        case .kill, .reusePID, .toggleSocket, .stepWallClock, .loseDeaths, .suspend, .restart, .reboot: false
        }
    }
}

extension Simulation {
    func happen(_ operation: Operation) async throws {
        switch operation {
        case .lease: try await lease()
        case .renew: try await renew()
        case .release: try await release()
        case .endSession: try await endSession()
        case .attach: try await attach()
        case .detach: try await detach()
        case .trespass: try await trespass()
        case .kill: kill()
        case .reusePID: try await reusePIDs()
        case .toggleSocket: toggleSocket()
        case .stepWallClock: stepWallClock()
        case .passTime: try await passTime()
        case .tellDeaths: try await tellDeaths()
        case .loseDeaths: loseDeaths()
        case .reap: try await reap()
        case .suspend: try await suspend()
        case .restart: try await restart()
        case .reboot: try await reboot()
        case .prune: try await prune()
        case .leaveLine: try await leaveLine()
        }
    }
}
