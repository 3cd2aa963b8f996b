import BerthCore
import BerthLeasing
import BerthStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTPTypes
import ServiceLifecycle
import Synchronization

/// The audit as it grows, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
///
/// Each reader fetches by itself what lies behind the last record it got, so nothing is kept for it and nobody waits for
/// it. One that takes nothing for a while is told so and let go; with the last id that it got, it can go on where it was.
struct EventStream {
    let manager: LeaseManager
    let caller: Caller
    /// The token that let the reader in. Once it does no more, the stream ends.
    let token: TokenID?
    let channel: any Channel

    /// How long nothing is sent until a comment tells that the stream lives.
    static let heartbeat = Duration.seconds(15)
    /// How long a reader may take nothing while something waits for it.
    static let patience = Duration.seconds(30)
    /// How long the word of its end waits for a reader that takes nothing.
    static let farewell = TimeAmount.seconds(5)

    func response(_ filter: AuditFilter) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                let stall = Stall()
                let watch = Task { try await self.watch(stall) }
                defer { watch.cancel() }
                try await follow(filter, stall, to: &writer)
                try await writer.finish(nil)
            })
    }

    private var isAdmitted: Bool { token.map(manager.tokens.isActive) ?? true }

    /// Sends what is new until the daemon stops, the connection ends or the token does. A revocation ends it at once,
    /// since its record wakes the stream; the end of a token's time with the next record or heartbeat.
    private func follow(_ filter: AuditFilter, _ stall: Stall, to writer: inout any ResponseBodyWriter) async throws {
        var filter = filter
        filter.limit = AuditStream.pageSize
        let tail = manager.auditTail
        // A first comment tells at once that the stream stands.
        try await send(": berth\n\n", stall, to: &writer)
        var lastSent = ContinuousClock.now
        while !Task.isShuttingDownGracefully, !Task.isCancelled, isAdmitted {
            let seen = tail.seq
            filter.through = seen
            let page = filter.after < seen ? try await manager.audit(filter, for: caller) : []
            filter.after = page.count == filter.limit ? page[page.count - 1].seq : max(filter.after, seen)
            if !page.isEmpty {
                try await send(page.map(Self.event).joined(), stall, to: &writer)
                lastSent = .now
            } else if ContinuousClock.now - lastSent >= Self.heartbeat {
                try await send(": still here\n\n", stall, to: &writer)
                lastSent = .now
            } else {
                let rest = Self.heartbeat - (ContinuousClock.now - lastSent)
                await cancelWhenGracefulShutdown { await tail.wait(beyond: seen, atMost: rest) }
            }
        }
    }

    private func send(_ text: String, _ stall: Stall, to writer: inout any ResponseBodyWriter) async throws {
        stall.begin()
        try await writer.write(ByteBuffer(string: text))
        stall.end()
    }

    private static func event(_ record: AuditRecord) -> String {
        "id: \(record.seq)\nevent: \(record.entry.event.rawValue)\ndata: \(record.json)\n\n"
    }

    // MARK: Readers that take nothing

    /// Since when something waits for the reader.
    private final class Stall: Sendable {
        private let since = Mutex<ContinuousClock.Instant?>(nil)

        func begin() { since.withLock { $0 = .now } }
        func end() { since.withLock { $0 = nil } }

        func isLonger(than patience: Duration) -> Bool {
            since.withLock { $0.map { ContinuousClock.now - $0 > patience } ?? false }
        }
    }

    private func watch(_ stall: Stall) async throws {
        while !stall.isLonger(than: Self.patience) { try await Task.sleep(for: .seconds(1)) }
        manager.logger.notice(
            "a reader of events takes nothing and is let go", metadata: ["principal": "\(caller.principal)"])
        dismiss()
    }

    /// Tells the reader why it ends, behind what it has not taken yet, and closes the connection.
    private func dismiss() {
        let text = """
            event: dropped
            data: {"code":"slow-consumer","detail":"Nothing was taken for \(Self.patience.components.seconds) s. Come \
            back with Last-Event-ID to go on where you were."}


            """
        let channel = channel
        channel.eventLoop.execute {
            channel.write(HTTPResponsePart.body(ByteBuffer(string: text)), promise: nil)
            channel.writeAndFlush(HTTPResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
            channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
        }
    }
}
