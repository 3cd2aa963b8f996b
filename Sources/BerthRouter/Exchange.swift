/// Where a client's connection stands between one request and its answer.
///
/// One request at a time: those that are sent ahead wait for their turn. Each transition returns what is to be done.
enum Exchange: Hashable {
    /// How much of the request was passed on.
    enum Sent: Hashable {
        case head, body, whole
    }

    /// How much of the answer has come.
    enum Answer: Hashable {
        /// Nothing, or no more than heads of status 1xx.
        case none
        case begun
    }

    /// No request, or none whose head was looked at.
    case idle
    /// It is found out where the request goes, or a connection is made.
    case preparing
    /// The agent has the request, or its beginning.
    case passing(Sent, Answer, isRepeatable: Bool)
    /// The agent has answered to the end, and the rest of the request is nobody's.
    case answered
    /// What comes is no HTTP any more.
    case tunnel
    /// The connection ends.
    case over

    /// What of the client's bytes has its turn.
    enum Intake: Hashable {
        case head, body
        case wait
        /// Nothing any more.
        case drop
    }

    var intake: Intake {
        switch self {
        case .idle: .head
        case .preparing, .passing(.whole, _, _): .wait
        case .passing: .body
        case .answered, .tunnel, .over: .drop
        }
    }

    mutating func begin() { self = .preparing }

    /// The head goes to the agent.
    /// - Parameter isRepeatable: the request has no body and changes nothing more when it comes twice, and the connection was
    ///   used before: the agent may have closed it just now.
    mutating func pass(isRepeatable: Bool) { self = .passing(.head, .none, isRepeatable: isRepeatable) }

    mutating func sendBody() {
        if case .passing(.head, let answer, _) = self { self = .passing(.body, answer, isRepeatable: false) }
    }

    mutating func sendEnd() {
        guard case .passing(_, let answer, let isRepeatable) = self else { return }
        self = .passing(.whole, answer, isRepeatable: isRepeatable)
    }

    /// Something of the answer has come, from 1xx on: the agent has the request.
    mutating func hear(isFinal: Bool) {
        guard case .passing(let sent, let answer, _) = self else { return }
        self = .passing(sent, isFinal ? .begun : answer, isRepeatable: false)
    }

    /// What becomes of the two connections behind an answer.
    enum End: Hashable {
        /// The next request may come.
        case goOn
        /// The rest of the request was never read by anybody.
        case leave
    }

    /// The answer is whole.
    mutating func end() -> End {
        guard case .passing(.whole, _, _) = self else {
            self = .answered
            return .leave
        }
        self = .idle
        return .goOn
    }

    /// What is left to do when an answer won't come to its end.
    enum Loss: Hashable {
        /// Ask again, on a connection that is new.
        case repeatIt
        /// Nothing was answered yet, so that a problem can be.
        case refuse
        /// The client can only see by the end of the connection that the answer is not whole.
        case cut
        case nothing
    }

    /// The connection to the agent is gone, or could not be made.
    mutating func lose() -> Loss {
        switch self {
        case .passing(_, .none, isRepeatable: true):
            self = .preparing
            return .repeatIt
        default: return endLease()
        }
    }

    /// The lease has ended, and with it whatever its agents were saying.
    mutating func endLease() -> Loss {
        switch self {
        case .preparing, .passing(_, .none, _):
            self = .answered
            return .refuse
        case .passing(_, .begun, _), .tunnel:
            self = .over
            return .cut
        case .idle, .answered, .over: return .nothing
        }
    }

    mutating func upgrade() { self = .tunnel }

    mutating func close() { self = .over }

    /// The connection's own answer is written, and the request had no body: the next one may come.
    mutating func answerAlone(isLast: Bool) { self = isLast ? .answered : .idle }
}
