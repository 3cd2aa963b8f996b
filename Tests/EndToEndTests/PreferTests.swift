import Testing

/// The `Prefer` header field (RFC 7240) of a request for a block.
@Suite struct `The Prefer header field` {
    /// How many milliseconds one instant lies behind another, of a day at most.
    private func milliseconds(from start: JSON, to end: JSON) throws -> Int {
        let times = try [start, end].map { (instant: JSON) throws -> Int in
            guard let time = instant.text?.wholeMatch(of: /.{11}(\d\d):(\d\d):(\d\d)\.(\d{3})Z/),
                let hours = Int(time.1), let minutes = Int(time.2), let seconds = Int(time.3), let rest = Int(time.4)
            else { throw HarnessError("no instant: \(instant)") }
            return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
        }
        let difference = times[1] - times[0]
        return difference < 0 ? difference + 86_400_000 : difference
    }

    @Test func `is refused where its wait is none, room or no room`() throws {
        try withDaemon { daemon in
            for value in [
                "wait", "wait=", "wait=x", "wait=-1", "wait=+1", "wait=1.5", "wait=5s", "wait=0x5", "wait=1 2",
                "wait=\"", "wait=\"1 2\"", "wait=3601", "wait=99999999999999999999", "respond-async, wait=x",
                "return=minimal, wait=3601", "wait;x=5",
            ] {
                let refused = try daemon.lease("a", 1, headers: [("Prefer", value)])
                expectProblem(refused, 422, "invalid-field", "\(value)")
                #expect(refused.json["errors"][0]["field"] == "Prefer", "\(value)")
            }
            #expect(try daemon.all("/v1/leases?state=all", "leases").isEmpty)
        }
    }

    @Test func `is understood as the RFC writes it`() throws {
        try withDaemon(.init(poolSize: 1)) { daemon in
            try daemon.granted("a", 1)
            for values in [
                ["wait=7"], ["WAIT=7"], ["wait = 7"], ["wait=\"7\""], ["wait=7; x=y"], ["return=minimal, wait=7"],
                ["handling=lenient", "wait=7"], ["a=\"x, wait=9\", wait=7"],
                // Of two the first one counts.
                ["wait=7, wait=9"], ["wait=7", "wait=x"],
            ] {
                let waiter = try daemon.waiter("b", 1, prefer: values)
                let wait = try milliseconds(from: waiter.ticket["created_at"], to: waiter.ticket["deadline"])
                #expect(wait == 7000, "\(values)")
                waiter.hangUp()
            }
        }
    }

    @Test func `asks for a ticket by respond-async`() throws {
        try withDaemon(.init(poolSize: 1)) { daemon in
            try daemon.granted("a", 1)
            for values in [
                ["respond-async"], ["Respond-Async"], ["respond-async; x=y"], ["respond-async, wait=0"],
                ["wait=0, respond-async"], ["return=minimal", "respond-async"], ["a=\"b, c\", respond-async"],
            ] {
                let answer = try daemon.lease("b", 1, headers: values.map { ("Prefer", $0) })
                #expect(answer.status == 202 && answer["preference-applied"] == "respond-async", "\(values): \(answer)")
            }
        }
    }

    @Test func `waits first, and answers with the ticket then, where it says both`() throws {
        try withDaemon(.init(poolSize: 2)) { daemon in
            let holder = try daemon.granted("a", 2)
            let watch = Stopwatch()
            let late = try daemon.lease("b", 1, headers: [("Prefer", "respond-async, wait=1")])
            #expect(watch.seconds > 0.99)
            #expect(late.status == 202 && late.json["state"] == "waiting", "\(late)")
            #expect(late["location"] == "/v1/tickets/\(late.json["id"].int ?? 0)")
            #expect(late["preference-applied"] == "respond-async" && late["connection"] == nil)
            let inTime = try daemon.waiter("c", 1, prefer: ["wait=60", "respond-async"])
            #expect(try daemon.release(holder).status == 204)
            let answer = try inTime.answer()
            #expect(answer.status == 201 && answer["preference-applied"] == nil, "\(answer)")
            #expect(try daemon.becomes(late.json, "granted"))
        }
    }

    @Test func `asks for nothing else that Berth knows`() throws {
        try withDaemon(.init(poolSize: 1)) { daemon in
            try daemon.granted("a", 1)
            for value in [
                "", ",", "return=minimal", "handling=strict", "respond-asynchronously", "waiting=5", "wait=0",
                "wait=0; wait=5", "wait=0, wait=5", "a=\"respond-async, wait=5\"", "a=b; respond-async",
            ] {
                let refused = try daemon.lease("b", 1, headers: [("Prefer", value)])
                expectProblem(refused, 503, "pool-exhausted", "\(value)")
            }
            #expect(try daemon.all("/v1/audit?event=ticket.waiting", "events").isEmpty)
        }
    }
}
