package import BerthCore
package import Hummingbird
package import NIOCore

/// What a request carries through middleware to its route.
package struct BerthRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The connection it came on.
    package let channel: any Channel
    /// The caller's own when it sent a valid one, else a new one. It stands in the reply, the log and the audit.
    package var requestID = ""
    /// Set once the request has passed the gate; nil on the few paths that are open to all.
    package var caller: Caller?
    /// The token that let the caller in; nil for the administrator's, and on the Unix socket.
    var token: TokenID?
    /// Tells who is at the other end of the connection; nil on TCP, where the kernel has no word for it.
    var peers: Peers?
    /// Where to write what the principal's token bucket said; nil where requests are not counted.
    var rateNote: RateNote?

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
