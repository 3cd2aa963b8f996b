/// What happened in a simulation, in figures.
package struct SimulationReport: Sendable {
    package internal(set) var steps = 0
    package internal(set) var grants = 0
    package internal(set) var renewals = 0
    package internal(set) var releases = 0
    package internal(set) var attachments = 0
    package internal(set) var refusals = 0
    package internal(set) var deaths = 0
    package internal(set) var pidReuses = 0
    package internal(set) var orphaned = 0
    package internal(set) var expired = 0
    package internal(set) var restarts = 0
    package internal(set) var crashes = 0
    package internal(set) var reboots = 0
    package internal(set) var prunings = 0
    package internal(set) var tickets = 0
    package internal(set) var served = 0
    package internal(set) var unserved = 0
    package internal(set) var takenBack = 0
    package internal(set) var storageFaults = 0
    package internal(set) var unanswered = 0
    package internal(set) var clockSteps = 0
    package internal(set) var falseReclaims = 0
    /// A hash over all that happened: the same seed gives the same.
    package internal(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    /// The figures under their names, in order.
    package var figures: [(name: String, count: Int)] {
        [
            ("steps", steps), ("grants", grants), ("renewals", renewals), ("releases", releases),
            ("attachments", attachments), ("refusals", refusals), ("deaths", deaths),
            ("forced PID reuses", pidReuses), ("orphaned", orphaned), ("expired", expired), ("restarts", restarts),
            ("crashes", crashes), ("reboots", reboots), ("prunings", prunings), ("tickets", tickets),
            ("served", served), ("ended unserved", unserved), ("leases that nobody heard of", takenBack),
            ("storage faults", storageFaults),
            ("unanswered requests", unanswered), ("clock steps", clockSteps), ("false reclaims", falseReclaims),
        ]
    }

    /// Adds another simulation's figures.
    package mutating func add(_ other: SimulationReport) {
        let counts: [WritableKeyPath<SimulationReport, Int>] = [
            \.steps, \.grants, \.renewals, \.releases, \.attachments, \.refusals, \.deaths, \.pidReuses, \.orphaned,
            \.expired, \.restarts, \.crashes, \.reboots, \.prunings, \.tickets, \.served, \.unserved,
            \.takenBack, \.storageFaults, \.unanswered, \.clockSteps,
            \.falseReclaims,
        ]
        for count in counts { self[keyPath: count] += other[keyPath: count] }
        mix("\(other.digest)")
    }

    /// Mixes a text into the digest, by FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/).
    mutating func mix(_ text: String) {
        for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}

/// A rule that did not hold, with the way that leads there.
package struct SimulationFailure: Error, CustomStringConvertible {
    package let seed: Int
    package let step: Int
    package let what: String
    /// The last things that happened, the latest last.
    package let operations: [String]

    package var description: String {
        "seed \(seed), step \(step): \(what)\n" + operations.map { "    \($0)" }.joined(separator: "\n")
    }
}
