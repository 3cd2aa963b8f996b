import Glibc

/// The CPU time that one process has used, all its threads together, in user mode and in the kernel.
package struct CPUClock {
    private let clock: clockid_t

    /// The clock of this process.
    static let own = CPUClock(clock: CLOCK_PROCESS_CPUTIME_ID)

    private init(clock: clockid_t) {
        self.clock = clock
    }

    /// The clock of another process (clock_getcpuclockid(3)); it needs no permission.
    package init(process: Int32) throws(BenchmarkError) {
        var clock = clockid_t()
        let code = clock_getcpuclockid(process, &clock)
        guard code == 0 else { throw .system("CPU clock of process \(process)", code: code) }
        self.clock = clock
    }

    var now: Nanoseconds { .reading(of: clock) }
}
