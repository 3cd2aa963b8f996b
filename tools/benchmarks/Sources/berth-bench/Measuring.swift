import ArgumentParser
import BerthBenchmark
import Glibc

/// How long a measurement takes.
struct TimeOptions: ParsableArguments {
    @Option(help: "Seconds that are measured.")
    var duration = 2.0

    func validate() throws {
        guard 0.1...3600 ~= duration else { throw ValidationError("--duration lies between 0.1 and 3600.") }
    }

    var measured: Nanoseconds { Nanoseconds(seconds: duration) }
}

/// The load on a server.
struct LoadOptions: ParsableArguments {
    @Option(help: "How many clients there are, each with one request under way.")
    var connections = 1

    @Option(help: "Seconds of the same load before.")
    var warmUp = 0.5

    @Option(help: "The server's process, to report the CPU time that it uses.")
    var daemonPID: Int32?

    func validate() throws {
        guard 1...10_000 ~= connections else { throw ValidationError("--connections lies between 1 and 10000.") }
        guard 0...3600 ~= warmUp else { throw ValidationError("--warm-up lies between 0 and 3600.") }
    }

    var warmUpTime: Nanoseconds { Nanoseconds(seconds: warmUp) }

    func clock() throws(BenchmarkError) -> CPUClock? {
        if let daemonPID { try CPUClock(process: daemonPID) } else { nil }
    }
}

/// Makes a measurement and prints its line, a failed one's too.
/// - Throws: the exit status 1 when it failed.
func report(_ kind: String, _ measure: () throws(BenchmarkError) -> Measurement) throws {
    let line: ResultLine
    let failures: [String]
    do throws(BenchmarkError) {
        let measurement = try measure()
        line = ResultLine(kind: kind, measurement)
        failures = measurement.failures.lines
    } catch {
        line = ResultLine(kind: kind, failure: error.description)
        failures = [error.description]
    }
    print(try line.text())
    if failures.isEmpty { return }
    for failure in failures { StandardError.write("berth-bench: \(kind): \(failure)") }
    throw ExitCode(1)
}
