import BerthCommandLine
import BerthCore
import Logging

/// The first lines of the log: where the daemon listens, where its data is, and what to try next.
struct Announcement: Sendable {
    let configuration: ServeConfiguration
    let logger: Logger

    func isListening(at address: String) {
        let pools = configuration.pools.map { pool in
            "\(pool.name)=\(pool.ranges.map(\.description).joined(separator: ","))"
        }
        logger.notice(
            "listening",
            metadata: [
                "address": "\(address)", "database": "\(configuration.database)",
                "pools": "\(pools.joined(separator: " "))", "try": "berth lease alice -n 6",
            ])
    }

    func isRouting(at address: String) {
        logger.notice("routing requests to agents", metadata: ["router": "\(address)/s/{session}/{agent}/"])
    }
}
