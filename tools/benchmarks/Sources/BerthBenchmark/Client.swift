/// One client of a closed loop, with at most one request under way.
protocol Client: AnyObject {
    /// Sends the request that is next. Whoever stops still gives back what it holds, so that one measurement leaves
    /// nothing to the next.
    func send(stopping: Bool) -> Sending

    /// Reads what has arrived.
    func receive() -> Reading
}

/// What became of the next request.
enum Sending {
    /// It is on its way. `watch` is the socket that its answer comes on, when it is another one than before.
    case sent(watch: Int32?)
    /// Nothing is left to ask.
    case idle
    case broken(reason: String)
}

/// What a look at the socket gave.
enum Reading {
    /// The answer has not arrived, or not to its end.
    case incomplete
    case answer(Answer)
    /// Nothing more will come over this connection.
    case broken(reason: String)
}

/// A whole answer.
struct Answer {
    enum Verb {
        case grant
        case release
        /// One that changes nothing.
        case other
    }

    /// An answer that is not the expected one.
    struct Problem {
        /// The same for all answers that are wrong in the same way.
        let reason: String
        /// What the server said.
        let detail: String
    }

    let verb: Verb
    let latency: Nanoseconds
    let problem: Problem?
}
