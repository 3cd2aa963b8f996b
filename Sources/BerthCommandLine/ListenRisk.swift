/// Whether a TCP listener could be overheard: what goes to another host in the clear, tokens included, anybody on the way
/// can read and use.
package enum ListenRisk: Hashable, Sendable {
    /// Nothing leaves this host, or what does is encrypted.
    case none
    /// It could be, and somebody said that it may.
    case accepted
    /// It could be, and nobody said so.
    case refused
}

extension ServeConfiguration {
    /// - Parameter isLoopback: whether the address that is listened on can be reached from this host alone.
    package func listenRisk(isLoopback: Bool) -> ListenRisk {
        guard !isLoopback, tls == nil else { return .none }
        return isInsecureListenAllowed ? .accepted : .refused
    }
}
