import BerthCore
import DequeModule

/// The tickets at one gate, in the order of their turns there.
///
/// Places lie one after the other in memory, so that finding one is a binary search, and adding up what those in front
/// want, or closing a gap, goes through 10,000 of them in some microseconds.
struct TicketQueue: Sendable {
    private struct Place {
        let turn: Int64
        let ticket: TicketID
        let ports: Int
    }

    private var places: Deque<Place> = []

    var count: Int { places.count }
    var first: TicketID? { places.first?.ticket }

    /// - Parameters:
    ///   - turn: its place in the order; no two have the same.
    ///   - ports: how many it wants.
    mutating func insert(_ ticket: TicketID, turn: Int64, ports: Int) {
        let index = index(of: turn)
        guard index == places.count || places[index].turn != turn else { return }
        places.insert(Place(turn: turn, ticket: ticket, ports: ports), at: index)
    }

    mutating func remove(turn: Int64) {
        let index = index(of: turn)
        if index < places.count, places[index].turn == turn { places.remove(at: index) }
    }

    /// The first ones, `limit` at most.
    func prefix(_ limit: Int) -> [TicketID] { places.prefix(limit).map(\.ticket) }

    /// All of them, in order.
    var tickets: [TicketID] { places.map(\.ticket) }

    /// The first ticket that wants no more than so many ports.
    func first(wantingAtMost ports: Int) -> TicketID? { places.first { $0.ports <= ports }?.ticket }

    /// The place of that turn, 1 for the first, and how many ports those up to it want; nil when it is not here.
    func place(of turn: Int64) -> (position: Int, ports: Int)? {
        let index = index(of: turn)
        guard index < places.count, places[index].turn == turn else { return nil }
        return (index + 1, places[...index].reduce(0) { $0 + $1.ports })
    }

    /// Where the turn is, or would be.
    private func index(of turn: Int64) -> Int {
        var (low, high) = (0, places.count)
        // Mostly it is the next one, or the one that goes.
        if let last = places.last, last.turn < turn { return places.count }
        if let first = places.first, turn <= first.turn { return 0 }
        while low < high {
            let middle = (low + high) / 2
            if places[middle].turn < turn { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
