/// Asks the kernel whether ports are taken, behind a protocol so that tests can put strangers on them.
package protocol PortProbe: Sendable {
    /// The ports of the block that something has bound, on TCP or UDP, on IPv4 or IPv6, on any address; ascending.
    ///
    /// It binds each port for a moment, so it is called only for ports that are reserved for the caller.
    /// A socket in TIME_WAIT counts as free: a server can bind over it.
    /// - Throws: ``BerthError`` when the kernel's answer tells nothing about the port (descriptors used up).
    func boundPorts(in block: PortBlock) throws(BerthError) -> [Port]

    /// What holds `port` now, read from the kernel's socket tables without binding anything.
    func listeners(on port: Port) -> [PortListener]
}

/// One socket that is bound to a port.
package struct PortListener: Hashable, Sendable {
    /// The protocol above IP. Its raw value stands in the API.
    package enum TransportProtocol: String, Sendable { case tcp, udp }

    package let transport: TransportProtocol
    /// The local address as text: `127.0.0.1`, `0.0.0.0`, `::`, `::1`.
    package let address: String
    /// The process that holds it, where the kernel lets us see.
    package let pid: Int32?
    /// That process's command name (`/proc/PID/comm`).
    package let command: String?

    package init(transport: TransportProtocol, address: String, pid: Int32?, command: String?) {
        self.transport = transport
        self.address = address
        self.pid = pid
        self.command = command
    }
}
