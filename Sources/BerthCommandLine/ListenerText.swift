package import BerthAPI
package import BerthCore

/// What is bound to a port, in words.
package enum ListenerText {
    /// `process 4250 (node)`; a process that the kernel does not let us see has no number.
    package static func holder(_ listener: PortListener) -> String { holder(listener.pid, listener.command) }

    /// `process 4250 (node) on tcp 127.0.0.1`.
    package static func line(_ listener: ListenerResource) -> String {
        "\(holder(listener.pid, listener.command)) on \(listener.protocol) \(listener.address)"
    }

    private static func holder(_ pid: Int32?, _ command: String?) -> String {
        guard let pid else { return "a process that only its own user or root can see" }
        return "process \(pid)" + (command.map { " (\($0))" } ?? "")
    }
}
