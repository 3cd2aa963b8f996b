/// One measurement under way: all connections are driven by this thread alone, each sending its next request as soon
/// as it has the answer to the last (a closed loop).
final class LoadRun {
    private let poll: EventPoll
    private var connections: [Connection?]
    private let daemon: CPUClock?
    /// Connections that wait for an answer.
    private var waiting = 0
    private var isStopping = false
    private var latencies = LatencyHistogram()
    private var failures = Failures()

    init(endpoint: Endpoint, connections count: Int, daemon: CPUClock?) throws(BenchmarkError) {
        self.daemon = daemon
        connections = try (0..<count).map { number throws(BenchmarkError) in
            try Connection(endpoint: endpoint, number: number)
        }
        poll = try EventPoll(sockets: connections.compactMap { $0?.socket })
    }

    /// Runs the workload: the warm-up, the measured time, and then until the last answer has come and the last lease
    /// is given back, for which the daemon has 10 s.
    func measure(
        _ workload: Workload, warmUp: Nanoseconds, duration: Nanoseconds
    ) throws(BenchmarkError) -> Measurement {
        for number in connections.indices { send(workload.first, on: number) }
        try drive(until: .now + warmUp)

        latencies = LatencyHistogram()
        let start = Reading(daemon: daemon)
        try drive(until: start.time + duration)
        let end = Reading(daemon: daemon)
        let measured = latencies

        isStopping = true
        try drive(until: end.time + Nanoseconds(seconds: 10))
        if waiting > 0 { failures.record("no answer within 10 s", count: waiting) }

        // Never 0, though it is next to nothing where all connections broke during the warm-up.
        let elapsed = max(1, end.time - start.time)
        return Measurement(
            answers: measured.count, duration: elapsed, latencies: measured,
            generatorCores: (end.own - start.own).seconds / elapsed.seconds,
            daemonCores: daemon.map { _ in (end.daemon - start.daemon).seconds / elapsed.seconds },
            failures: failures)
    }

    /// The clocks at one end of the measured time.
    private struct Reading {
        let time = Nanoseconds.now
        let own = CPUClock.own.now
        let daemon: Nanoseconds

        init(daemon: CPUClock?) {
            self.daemon = daemon?.now ?? 0
        }
    }

    /// Answers events until the deadline, or until no connection waits for anything.
    private func drive(until deadline: Nanoseconds) throws(BenchmarkError) {
        while waiting > 0, .now < deadline {
            let ready = try poll.wait(until: deadline)
            for index in 0..<ready { receive(on: poll.readyKey(index)) }
        }
    }

    private func send(_ request: Request, on number: Int) {
        guard let connection = connections[number] else { return }
        if connection.send(request) {
            waiting += 1
        } else {
            drop(number, reason: "a request could not be sent")
        }
    }

    private func receive(on number: Int) {
        guard let connection = connections[number] else { return }
        let wasWaiting = connection.request != nil
        switch connection.receive() {
        case .incomplete: return
        case .broken(let reason):
            if wasWaiting { waiting -= 1 }
            drop(number, reason: reason)
        case .answer(let answer):
            waiting -= 1
            if let problem = answer.problem {
                failures.record(answer, problem: problem)
            } else {
                latencies.record(answer.latency)
            }
            if let next = answer.request.next(lease: answer.lease, stopping: isStopping) { send(next, on: number) }
        }
    }

    /// Closes the connection; the kernel takes its socket out of the epoll set with it (epoll(7)).
    private func drop(_ number: Int, reason: String) {
        failures.record(reason)
        connections[number] = nil
    }
}
