package import BerthCore
internal import CBerthLinux
internal import Glibc
import Synchronization

/// Sockets that listen on 127.0.0.1 on every port of a block, so that nobody else can take one between a lease and the
/// start of the program that serves there.
package final class HeldPorts: Sendable {
    /// A port that could not be had.
    package struct Failure: Error {
        package let port: Port
        package let cause: SystemError
    }

    /// One for each port, in their order.
    package let descriptors: [Int32]
    private let isOpen = Mutex(true)

    /// Binds and listens with SO_REUSEADDR, as servers do: a connection in TIME_WAIT is no reason to fail.
    package init(_ ports: [Port]) throws(Failure) {
        var descriptors: [Int32] = []
        for port in ports {
            let result = berth_listen_loopback(port.number)
            guard result >= 0 else {
                for descriptor in descriptors { Glibc.close(descriptor) }
                throw Failure(port: port, cause: SystemError("bind(2)", -result))
            }
            descriptors.append(result)
        }
        self.descriptors = descriptors
    }

    deinit { close() }

    /// Lets go of the sockets, which live on where they were passed to. Closing twice does nothing.
    package func close() {
        let isFirst = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        if isFirst { for descriptor in descriptors { Glibc.close(descriptor) } }
    }
}
