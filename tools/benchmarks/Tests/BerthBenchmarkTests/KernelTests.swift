import FoundationEssentials
import Testing

@testable import BerthBenchmark

@Suite struct `What the kernel is measured by` {
    @Test func `binds six free ports over and over`() throws {
        let measurement = try PortProbe().measure(duration: Nanoseconds(seconds: 0.02))
        #expect(measurement.answers > 0)
        #expect(measurement.answers == measurement.latencies.count)
    }

    @Test func `syncs a file that nobody finds afterwards`() throws {
        let folder = FileManager.default.temporaryDirectory.path() + "/sync-\(UInt64.random(in: 0...(.max)))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try SyncSpeed.measure(folder: folder, duration: Nanoseconds(seconds: 0.02)).answers > 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test func `counts each repetition as so many answers`() throws {
        var repetitions = 0
        let measurement = try Repetition.measure(duration: 1, answers: 5) { () throws(BenchmarkError) in
            repetitions += 1
        }
        #expect(measurement.answers == UInt64(repetitions) * 5)
    }
}
