import BerthCore

/// The resting ports of one pool, and which of them is looked at next.
///
/// A pool may rest as a whole after a crash, so finding the ones that are due costs by their number, not by the pool's.
struct RestingPorts {
    private struct Look {
        let at: BootTime
        let port: Port
    }

    private var ports: [Port: RestingPort] = [:]
    /// A binary heap with the earliest look on top. It may hold looks at ports that rest no more, or whose look was
    /// moved: those count for nothing when they come up.
    private var looks: [Look] = []

    var count: Int { ports.count }

    /// Each resting port, as it rests.
    var all: [Port: RestingPort] { ports }

    /// A port that rests; nil for any other. Setting it schedules its next look.
    subscript(port: Port) -> RestingPort? {
        get { ports[port] }
        set {
            ports[port] = newValue
            if let newValue { push(Look(at: newValue.nextLook, port: port)) }
        }
    }

    /// Takes one port out, when it rests.
    mutating func take(_ port: Port) -> RestingPort? { ports.removeValue(forKey: port) }

    /// Whether a look may be due.
    func isLookDue(at now: BootTime) -> Bool { looks.first.map { $0.at <= now } ?? false }

    /// Takes out the ports whose next look is due, the earliest first.
    mutating func takeDue(at now: BootTime, limit: Int) -> [(port: Port, resting: RestingPort)] {
        var due: [(port: Port, resting: RestingPort)] = []
        while due.count < limit, let look = looks.first, look.at <= now {
            pop()
            guard let resting = ports[look.port], resting.nextLook == look.at else { continue }
            ports[look.port] = nil
            due.append((look.port, resting))
        }
        return due
    }

    /// Takes out ports that nothing but a bound socket keeps from being free, whether their look is due or not.
    mutating func takeRested(at now: BootTime, limit: Int) -> [(port: Port, resting: RestingPort)] {
        let rested = ports.filter { $0.value.restsUntil <= now }.sorted { $0.key < $1.key }.prefix(limit)
        for (port, _) in rested { ports[port] = nil }
        return rested.map { ($0.key, $0.value) }
    }

    // MARK: The heap

    private mutating func push(_ look: Look) {
        looks.append(look)
        var child = looks.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard looks[child].at < looks[parent].at else { return }
            looks.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() {
        looks.swapAt(0, looks.count - 1)
        looks.removeLast()
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < looks.count }
            guard let child = children.min(by: { looks[$0].at < looks[$1].at }), looks[child].at < looks[parent].at
            else { return }
            looks.swapAt(child, parent)
            parent = child
        }
    }
}
