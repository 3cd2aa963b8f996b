import Glibc
import Synchronization
import Testing

@Suite struct `Stopping under load` {
    private struct Record {
        var acknowledged: [Int] = []
        var faults: [String] = []
    }

    /// Leases until the daemon is gone. Every request must be answered whole, refused, or not answered at all.
    private static func leaseUntilTheEnd(_ endpoint: Endpoint, session: String, _ record: borrowing Mutex<Record>) {
        do {
            let connection = try endpoint.connect()
            let body = try JSON.object(["session": .text(session), "count": 1, "ttl_seconds": 3600]).encoded()
            while true {
                let response = try connection.call("POST", "/v1/leases", body)
                switch response.status {
                case 201: record.withLock { $0.acknowledged.append(response.json["id"].int ?? -1) }
                case 503: return
                default: record.withLock { $0.faults.append("\(response)") }
                }
            }
        } catch let end as Connection.Ended {
            if !end.received.isEmpty { record.withLock { $0.faults.append("half an answer: \(end)") } }
        } catch {
            record.withLock { $0.faults.append("\(error)") }
        }
    }

    private final class Log: Sendable {
        let record = Mutex(Record())
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `answers or refuses what is under way, exits 0 in time and loses nothing`(signal: Int32) throws {
        try withDaemon(.init(poolSize: 4000, extra: ["--max-ports-per-session", "4000"])) { daemon in
            // Neither an idle connection nor a request that never ends may hold it up.
            let idle = try daemon.unix.connect()
            #expect(try idle.call("GET", "/livez").status == 200)
            let unfinished = try daemon.unix.connect()
            try unfinished.send("POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{")

            let log = Log()
            let endpoint = daemon.unix
            let clients = try WorkerThreads(8) { number in
                Self.leaseUntilTheEnd(endpoint, session: "s\(number)", log.record)
            }
            let isUnderWay = becomesTrue(within: 30) { log.record.withLock { $0.acknowledged.count } > 200 }
            let watch = Stopwatch()
            #expect(try daemon.stop(signal) == .exited(0))
            #expect(watch.seconds < 5)
            clients.join()
            #expect(isUnderWay)

            let record = log.record.withLock { $0 }
            #expect(record.faults == [])
            try daemon.start()
            let live = Set(try daemon.all("/v1/leases", "leases").compactMap { $0["id"].int })
            #expect(live.isSuperset(of: record.acknowledged))
        }
    }
}
