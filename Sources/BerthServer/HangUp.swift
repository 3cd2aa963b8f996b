import NIOCore

/// Whether the client of a connection is still there.
enum HangUp {
    /// Calls `body` once the client hangs up, at once when it has.
    static func follow(_ channel: any Channel, _ body: @escaping @Sendable () -> Void) {
        channel.eventLoop.execute {
            do {
                try channel.pipeline.syncOperations.handler(type: ConnectionHandler.self).followHangUp(body)
            } catch {
                // The connection has been taken down.
                body()
            }
        }
    }

    /// Tells nobody any more.
    static func forget(_ channel: any Channel) {
        channel.eventLoop.execute {
            // Without the handler there is nothing to forget.
            if let handler = try? channel.pipeline.syncOperations.handler(type: ConnectionHandler.self) {
                handler.followHangUp(nil)
            }
        }
    }
}
