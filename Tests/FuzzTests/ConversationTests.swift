import BerthTestSupport
import Testing

@testable import BerthServer

/// Any order of what may happen on a connection, against what was read and written by then.
@Suite struct `A connection's conversation, fuzzed` {
    private enum Event: Hashable { case head, lastHead, end, fault, answerHead, answerEnd }

    @Test func `answers in order, refuses once and at the end, and closes with nothing owed`() {
        FuzzRun.values("conversation") { random in
            (0..<random.pick([3, 8, 20, 60])).map { _ in
                random.pick([
                    .head, .head, .end, .end, .lastHead, .fault, .answerHead, .answerHead, .answerEnd, .answerEnd,
                ])
            }
        } fault: { (events: [Event]) -> String? in
            var model = Model()
            for (index, event) in events.enumerated() {
                if let fault = model.take(event) { return "\(fault) after \(events[...index])" }
            }
            return nil
        }
    }

    /// What happened, told plainly.
    private struct Model {
        var conversation = Conversation()
        /// Heads and ends that were passed on, and answers that were begun and ended.
        var (heads, ends, begun, answered) = (0, 0, 0, 0)
        var (hasLast, isFaulty, isOver) = (false, false, false)

        var isReading: Bool { heads > ends }

        /// Lets it happen where it can; nil where all is as it should be.
        mutating func take(_ event: Event) -> String? {
            let takes = !isOver && !isFaulty && (!hasLast || isReading)
            guard conversation.takesMore == takes else { return "takes more: \(!takes)" }
            let isWhole = ends > answered || answered >= heads
            guard isOver || conversation.hasWholeRequest == isWhole else { return "is whole: \(!isWhole)" }
            switch event {
            case .head, .lastHead:
                guard takes, !isReading else { return nil }
                conversation.readHead(isLast: event == .lastHead)
                heads += 1
                if event == .lastHead { hasLast = true }
            case .end:
                guard takes, isReading else { return nil }
                ends += 1
                guard conversation.readEnd() == hasLast else { return "shuts the input wrongly" }
            case .fault:
                if takes { isFaulty = true }
                return check(conversation.fail(), mayRefuse: takes)
            case .answerHead:
                guard begun == answered, begun < heads, !isOver else { return nil }
                begun += 1
                let isLast = hasLast && !isFaulty && begun == heads
                guard conversation.writeHead() == isLast else { return "says wrongly that it is the last answer" }
            case .answerEnd:
                guard begun > answered, !isOver else { return nil }
                answered += 1
                return check(conversation.writeEnd(), mayRefuse: true)
            }
            return nil
        }

        private mutating func check(_ step: Conversation.Step, mayRefuse: Bool) -> String? {
            let owed = heads - answered - (isFaulty && isReading ? 1 : 0)
            let expected: Conversation.Step
            if isOver || !mayRefuse {
                expected = .goOn
            } else if isFaulty {
                // The broken request's own answer may be under way, or even out.
                expected = owed > 0 || begun > answered ? .goOn : owed < 0 ? .close : .refuse
            } else {
                expected = hasLast && owed == 0 ? .close : .goOn
            }
            if expected != .goOn { isOver = true }
            return step == expected ? nil : "\(step) and not \(expected)"
        }
    }
}
