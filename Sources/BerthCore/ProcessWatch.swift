/// Tells of processes' deaths as they happen, behind a protocol so that a seed can replay them.
package protocol ProcessWatch: Sendable {
    /// Begins to watch a process. Watching one that is watched already changes nothing.
    func watch(_ process: ProcessIdentity) -> WatchOutcome

    /// Ends the watch of a process; one that is not watched stays so. A death that was seen before may still be told.
    func forget(_ process: ProcessIdentity)

    /// The deaths of watched processes, each told once, in the order in which they were seen. It has one consumer, and
    /// ends with the watch.
    var deaths: AsyncStream<ProcessIdentity> { get }
}

/// What came of the wish to watch a process.
package enum WatchOutcome: Hashable, Sendable {
    /// Its death will be told.
    case watching
    /// Exactly this process lives no more; there is nothing to watch, and nothing will be told.
    case ended
    /// It may live, but its death will not be told: no descriptor is left for it, or the kernel has none. Whoever asked
    /// has to look at it now and then.
    case unwatched
}

/// A watch for a visit that is over before a death could be told: whoever holds it looks instead.
package struct NoProcessWatch: ProcessWatch {
    package let deaths: AsyncStream<ProcessIdentity>

    package init() {
        let (stream, continuation) = AsyncStream<ProcessIdentity>.makeStream()
        continuation.finish()
        deaths = stream
    }

    /// Watches nothing.
    package func watch(_ process: ProcessIdentity) -> WatchOutcome { .unwatched }
    /// There is nothing to forget.
    package func forget(_ process: ProcessIdentity) {}
}
