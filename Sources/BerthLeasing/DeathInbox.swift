import BerthCore
import Synchronization

/// Deaths that were seen and are not recorded yet. Whoever sees one posts it here, and the reaper empties the box.
final class DeathInbox: Sendable {
    private let deaths = Mutex<[Death]>([])
    private let signal: AsyncStream<Void>.Continuation
    /// One element, or more, whenever something was posted since the last one.
    let arrivals: AsyncStream<Void>

    init() {
        (arrivals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Posts deaths and wakes the reaper.
    func post(_ news: [Death]) {
        guard !news.isEmpty else { return }
        deaths.withLock { $0 += news }
        signal.yield()
    }

    /// Puts deaths back that could not be recorded, without waking anybody: they wait for the next sweep.
    func putBack(_ deaths: [Death]) { self.deaths.withLock { $0 = deaths + $0 } }

    /// Everything that was posted, oldest first.
    func takeAll() -> [Death] {
        deaths.withLock { deaths in
            defer { deaths = [] }
            return deaths
        }
    }
}
