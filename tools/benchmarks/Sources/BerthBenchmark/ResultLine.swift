import FoundationEssentials

/// A measurement as one line of JSON, for the script that puts the figures side by side.
package struct ResultLine: Encodable {
    private let kind: String
    private let perSecond: Double
    private let p50: Double
    private let p99: Double
    private let count: UInt64
    private let seconds: Double
    private let generatorCores: Double
    private let daemonCores: Double?
    private let failures: [String]
    /// nil where nothing is granted.
    private let grantP50: Double?
    private let grantP99: Double?

    private enum CodingKeys: String, CodingKey {
        case kind
        case perSecond = "per_second"
        case p50 = "p50_us"
        case p99 = "p99_us"
        case count
        case seconds
        case generatorCores = "generator_cores"
        case daemonCores = "daemon_cores"
        case failures
        case grantP50 = "grant_p50_us"
        case grantP99 = "grant_p99_us"
    }

    package init(kind: String, _ measurement: Measurement) {
        self.kind = kind
        perSecond = Self.rounded(measurement.perSecond)
        p50 = Self.microseconds(measurement.latencies, 0.50) ?? 0
        p99 = Self.microseconds(measurement.latencies, 0.99) ?? 0
        count = measurement.answers
        seconds = Self.rounded(measurement.duration.seconds)
        generatorCores = Self.rounded(measurement.generatorCores)
        daemonCores = measurement.daemonCores.map(Self.rounded)
        failures = measurement.failures.lines
        grantP50 = Self.microseconds(measurement.grants, 0.50)
        grantP99 = Self.microseconds(measurement.grants, 0.99)
    }

    /// A measurement that could not be made.
    package init(kind: String, failure: String) {
        self.kind = kind
        (perSecond, p50, p99, count, seconds, generatorCores, daemonCores) = (0, 0, 0, 0, 0, 0, nil)
        failures = [failure]
        (grantP50, grantP99) = (nil, nil)
    }

    package func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: CodingKeys.self)
        try line.encode(kind, forKey: .kind)
        try line.encode(perSecond, forKey: .perSecond)
        try line.encode(p50, forKey: .p50)
        try line.encode(p99, forKey: .p99)
        try line.encode(count, forKey: .count)
        try line.encode(seconds, forKey: .seconds)
        try line.encode(generatorCores, forKey: .generatorCores)
        // Null where it is not known, so that the key is always there.
        try line.encode(daemonCores, forKey: .daemonCores)
        try line.encode(failures, forKey: .failures)
        try line.encodeIfPresent(grantP50, forKey: .grantP50)
        try line.encodeIfPresent(grantP99, forKey: .grantP99)
    }

    /// The line, without its end.
    package func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private static func microseconds(_ latencies: LatencyHistogram, _ share: Double) -> Double? {
        latencies.percentile(share).map { rounded(Double($0) / 1000) }
    }

    /// Three digits after the point, which is more than any of the figures is worth.
    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
