import Glibc

/// One measurement under way: all clients are driven by this thread alone, each sending its next request as soon as it
/// has the answer to the last.
final class ClosedLoop<Member: Client> {
    private let poll: EventPoll
    private var members: [Member?]
    private let daemon: CPUClock?
    /// Clients that wait for an answer.
    private var waiting: Set<Int> = []
    private var isStopping = false
    private var latencies = LatencyHistogram()
    private var grants = LatencyHistogram()
    private var failures = Failures()

    init(_ members: [Member], daemon: CPUClock?) throws(BenchmarkError) {
        self.daemon = daemon
        self.members = members
        poll = try EventPoll(capacity: members.count)
    }

    /// Runs the warm-up, the measured time, and then until the last answer has come and what is held is given back, for
    /// which the server has 10 s.
    func run(warmUp: Nanoseconds, duration: Nanoseconds) throws(BenchmarkError) -> Measurement {
        for number in members.indices { try send(on: number) }
        try drive(until: .now + warmUp)

        latencies = LatencyHistogram()
        grants = LatencyHistogram()
        let start = Clocks(daemon: daemon)
        try drive(until: start.time + duration)
        let end = Clocks(daemon: daemon)
        let (measured, measuredGrants) = (latencies, grants)

        isStopping = true
        try drive(until: end.time + Nanoseconds(seconds: 10))
        if !waiting.isEmpty { failures.record("no answer within 10 s", count: waiting.count) }
        if measured.count == 0, failures.isEmpty { failures.record("no answer in the measured time") }
        return Measurement(
            answers: measured.count, from: start, to: end, latencies: measured, grants: measuredGrants,
            failures: failures)
    }

    /// Answers events until the deadline, or until no client waits for anything.
    private func drive(until deadline: Nanoseconds) throws(BenchmarkError) {
        while !waiting.isEmpty, .now < deadline {
            let ready = try poll.wait(until: deadline)
            for index in 0..<ready { try receive(on: poll.readyKey(index)) }
        }
    }

    private func send(on number: Int) throws(BenchmarkError) {
        guard let member = members[number] else { return }
        switch member.send(stopping: isStopping) {
        case .sent(let socket):
            waiting.insert(number)
            if let socket { try poll.watch(socket, key: number) }
        case .idle: break
        case .broken(let reason): drop(number, reason: reason)
        }
    }

    private func receive(on number: Int) throws(BenchmarkError) {
        guard let member = members[number] else { return }
        switch member.receive() {
        case .incomplete: return
        case .broken(let reason):
            waiting.remove(number)
            drop(number, reason: reason)
        case .answer(let answer):
            waiting.remove(number)
            record(answer)
            try send(on: number)
        }
    }

    private func record(_ answer: Answer) {
        if let problem = answer.problem { return failures.record(problem) }
        latencies.record(answer.latency)
        if answer.verb == .grant { grants.record(answer.latency) }
    }

    /// Closes the connection; the kernel takes its socket out of the epoll set with it (epoll(7)).
    private func drop(_ number: Int, reason: String) {
        failures.record(reason)
        members[number] = nil
    }
}
