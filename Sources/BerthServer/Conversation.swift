/// What one connection has read and answered, and from there when it has to end.
///
/// Requests are answered in the order in which they came. Once something came that was none, nobody can say any more which
/// bytes belong to what: nothing is read behind it, and its refusal comes after all answers that are due.
struct Conversation {
    /// What the connection does now.
    enum Step: Hashable {
        case goOn
        /// Tells that what came was no request, then ends the connection.
        case refuse
        /// Ends the connection; everything is said.
        case close
    }

    private enum Ending {
        case none
        /// The request that was read last is the client's last one: what comes behind it is nobody's.
        case agreed
        /// What came is no request.
        case broken
        /// The step that ends the connection was taken.
        case over
    }

    /// Requests whose head was read and which are not answered to the end.
    private var unanswered = 0
    /// The last request's head was read and its end was not.
    private var isReading = false
    /// An answer's head was written and its end was not.
    private var isResponding = false
    private var ending = Ending.none

    /// Whether what is read now belongs to a request.
    var takesMore: Bool {
        switch ending {
        case .none: true
        case .agreed: isReading
        case .broken, .over: false
        }
    }

    /// Whether all of the request that is answered next was read.
    var hasWholeRequest: Bool { !(isReading && unanswered == 1) }

    /// Whether the connection has been told to end: what is written now belongs to nobody.
    var isOver: Bool { ending == .over }

    /// A request's head was read.
    /// - Parameter isLast: whether the connection is to end with its answer.
    mutating func readHead(isLast: Bool) {
        unanswered += 1
        isReading = true
        if isLast { ending = .agreed }
    }

    /// A request's end was read.
    /// - Returns: whether the connection takes nothing more.
    mutating func readEnd() -> Bool {
        isReading = false
        return !takesMore
    }

    /// Something was read that is no request, or no part of the one that is being read.
    mutating func fail() -> Step {
        guard takesMore else { return .goOn }
        ending = .broken
        return step()
    }

    /// An answer's head is written.
    /// - Returns: whether it is the connection's last one and has to say so.
    mutating func writeHead() -> Bool {
        isResponding = true
        return ending == .agreed && unanswered == 1
    }

    /// An answer's end is written.
    mutating func writeEnd() -> Step {
        isResponding = false
        unanswered -= 1
        return step()
    }

    private mutating func step() -> Step {
        let next: Step
        switch ending {
        case .none, .over: next = .goOn
        case .agreed: next = unanswered > 0 ? .goOn : .close
        case .broken:
            // The broken request itself may have been answered by somebody who did not wait for its end.
            let broken = isReading ? 1 : 0
            if unanswered > broken || isResponding {
                next = .goOn
            } else {
                next = unanswered < broken ? .close : .refuse
            }
        }
        if next != .goOn { ending = .over }
        return next
    }
}
