package import BerthCore
import Synchronization

/// A kernel that knows only the sockets that a test put on its ports.
package final class FakePortProbe: PortProbe {
    private struct State {
        var listeners: [Port: [PortListener]] = [:]
        var probed: [PortBlock] = []
        var failure: BerthError?
    }

    private let state = Mutex(State())

    package init() {}

    /// Puts a stranger on a port.
    package func bind(
        _ port: Port, transport: PortListener.TransportProtocol = .tcp, pid: Int32? = nil, command: String? = nil
    ) {
        let listener = PortListener(transport: transport, address: "127.0.0.1", pid: pid, command: command)
        state.withLock { $0.listeners[port, default: []].append(listener) }
    }

    /// Takes everybody off a port.
    package func unbind(_ port: Port) { state.withLock { $0.listeners[port] = nil } }

    /// Lets every probe fail with this error, or work again with nil.
    package func fail(with error: BerthError?) { state.withLock { $0.failure = error } }

    /// Every block that was probed so far, in order.
    package var probedBlocks: [PortBlock] { state.withLock { $0.probed } }

    /// Forgets the blocks that were probed.
    package func forget() { state.withLock { $0.probed = [] } }

    package func boundPorts(in block: PortBlock) throws(BerthError) -> [Port] {
        let answer: Result<[Port], BerthError> = state.withLock { state in
            state.probed.append(block)
            if let failure = state.failure { return .failure(failure) }
            return .success(block.ports.filter { state.listeners[$0] != nil })
        }
        return try answer.get()
    }

    package func listeners(on port: Port) -> [PortListener] { state.withLock { $0.listeners[port] ?? [] } }
}
