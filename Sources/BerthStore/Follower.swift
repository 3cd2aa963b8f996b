import Synchronization

/// Tells one follower of what happened, in its order.
///
/// Of commits it is told so that memory goes through the same steps as the rows: a picture that is brought up to date by the
/// callers, each when it hears of its own change, may take an older change for the newer one.
package final class Follower<Event: Sendable>: Sendable {
    /// A closure that stands bare in the mutex is wrapped once more, for the generic code, each time the mutex is
    /// entered: after a day of commits each call would go through a day of wrappers. Inside a structure it is stored as
    /// it is.
    private struct Body {
        let call: @Sendable (Event) -> Void
    }

    private let body = Mutex<Body?>(nil)

    package init() {}

    /// What happened before is not told. `call` is on the way of whatever it is told of, and must not wait.
    package func follow(_ call: @escaping @Sendable (Event) -> Void) { body.withLock { $0 = Body(call: call) } }

    /// Tells the follower, if there is one.
    package func tell(_ events: [Event]) {
        guard !events.isEmpty, let body = body.withLock({ $0 }) else { return }
        for event in events { body.call(event) }
    }
}
