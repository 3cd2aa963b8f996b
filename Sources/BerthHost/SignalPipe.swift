internal import CBerthLinux
internal import Glibc

/// The signals that reach this process, as records instead of effects, from its making to the process's end.
package struct SignalPipe: Sendable {
    /// A signal that came.
    package struct Arrival: Hashable, Sendable {
        package let number: Int32
        /// The process that sent it; nil when none did.
        package let sender: Int32?
        /// The kernel sent it on its own, as a terminal does for Ctrl-C: to the whole foreground group.
        package let isFromKernel: Bool

        package init(number: Int32, sender: Int32?, isFromKernel: Bool) {
            self.number = number
            self.sender = sender
            self.isFromKernel = isFromKernel
        }
    }

    /// Readable when a signal has come.
    let descriptor: Int32

    /// Signals that are ignored now stay so.
    /// - Throws: ``SystemError`` when there is no pipe to be had, or the process has one already.
    package init() throws(SystemError) {
        let result = berth_signals_open()
        guard result >= 0 else { throw SystemError("pipe2(2) for signals", -result) }
        descriptor = result
    }

    /// Whether the process ignores a signal now, and so would what it starts.
    package static func isIgnored(_ number: Int32) -> Bool { berth_signal_is_ignored(number) == 1 }

    /// Gives SIGQUIT its usual effect back, unless it is ignored. Swift's runtime takes it for a crash and reports every
    /// thread; from a terminal it is somebody's Ctrl-\.
    package static func restoreQuit() {
        if !isIgnored(SIGQUIT) { signal(SIGQUIT, SIG_DFL) }
    }

    /// The next signal that came; nil when there is none just now.
    package func next() -> Arrival? {
        var record = berth_signal()
        let length = read(descriptor, &record, MemoryLayout<berth_signal>.size)
        guard length == MemoryLayout<berth_signal>.size else { return nil }
        return Arrival(
            number: record.number, sender: record.sender == 0 ? nil : record.sender,
            isFromKernel: berth_signal_is_from_kernel(&record) == 1)
    }
}
