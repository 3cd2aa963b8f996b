import BerthCommandLine
import BerthCore
import Testing

@Suite struct `Settings of traffic` {
    private let yaml = "limits: { max_requests_per_second: 10, max_request_burst: 15, max_connections: 20 }"

    private let environment = [
        "BERTH_CONFIG": "/b.yaml", "BERTH_MAX_REQUESTS_PER_SECOND": "11", "BERTH_MAX_REQUEST_BURST": "16",
        "BERTH_MAX_CONNECTIONS": "21",
    ]

    @Test func `bound nothing where nobody says anything`() throws {
        #expect(try Configurations.load().traffic == TrafficLimits())
        #expect(TrafficLimits().requests == nil && TrafficLimits().maxConnections == nil)
    }

    @Test func `come from the file, the environment and the flags, one over the other`() throws {
        #expect(
            try Configurations.load(yaml: yaml).traffic
                == TrafficLimits(requests: .init(perSecond: 10, burst: 15), maxConnections: 20))
        #expect(
            try Configurations.load(environment: environment, files: ["/b.yaml": yaml]).traffic
                == TrafficLimits(requests: .init(perSecond: 11, burst: 16), maxConnections: 21))
        let flags = Configurations.flags {
            $0.maxRequestsPerSecond = 12
            $0.maxRequestBurst = 17
            $0.maxConnections = 22
        }
        #expect(
            try Configurations.load(flags, environment: environment, files: ["/b.yaml": yaml]).traffic
                == TrafficLimits(requests: .init(perSecond: 12, burst: 17), maxConnections: 22))
    }

    @Test func `let twice the rate come at once unless they say how much`() throws {
        let flags = Configurations.flags { $0.maxRequestsPerSecond = 50 }
        #expect(try Configurations.load(flags).traffic.requests == .init(perSecond: 50, burst: 100))
    }

    @Test func `need a rate beside a burst`() {
        let complaint = Configurations.complaint {
            try Configurations.load(Configurations.flags { $0.maxRequestBurst = 5 })
        }
        #expect(complaint?.contains("--max-requests-per-second") == true)
    }

    @Test func `are whole numbers above nothing`() {
        let wrong: [(String, (inout ServeFlags) -> Void)] = [
            ("--max-requests-per-second", { $0.maxRequestsPerSecond = 0 }),
            ("--max-request-burst", { $0.maxRequestBurst = -1 }), ("--max-connections", { $0.maxConnections = 0 }),
        ]
        for (flag, change) in wrong {
            let complaint = Configurations.complaint { try Configurations.load(Configurations.flags(change)) }
            #expect(complaint?.hasPrefix("\(flag): ") == true, "\(flag) gave \(complaint ?? "no complaint")")
        }
        for line in ["limits: { max_requests_per_second: 0 }", "limits: { max_connections: many }"] {
            let complaint = Configurations.complaint { try Configurations.load(yaml: line) }
            #expect(complaint?.hasPrefix("/b.yaml, line 1: ") == true, "\(line)")
        }
    }
}
