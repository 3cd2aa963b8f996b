/// What a port of a pool is to Berth. The raw value stands in the database and in the API.
package enum PortState: String, Hashable, CaseIterable, Sendable {
    /// Nobody's: the next grant may take it.
    case free
    case leased
    /// Its last lease ended without a word, or something still holds it right after a release.
    case quarantined
    /// Something that holds no lease has bound it.
    case foreign
    /// In no pool.
    case unmanaged
}

/// How many ports of a pool are in each state. They add up to the pool's size.
package struct PoolFigures: Hashable, Sendable {
    package var free = 0
    package var leased = 0
    package var quarantined = 0
    package var foreign = 0

    package init() {}

    package var size: Int { free + leased + quarantined + foreign }

    /// Counts `count` more ports of that state; a port that is unmanaged is in no pool and counts nowhere.
    package mutating func add(_ count: Int, _ state: PortState) {
        switch state {
        case .free: free += count
        case .leased: leased += count
        case .quarantined: quarantined += count
        case .foreign: foreign += count
        case .unmanaged: break
        }
    }
}
