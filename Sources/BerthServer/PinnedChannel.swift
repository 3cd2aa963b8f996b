import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// An HTTP/1.1 channel whose requests run on the channel's own event loop, from the first byte to the last.
///
/// Elsewhere each step of a request goes from the event loop to Swift's pool of threads and back. What takes long must
/// leave the loop itself, since its other connections wait meanwhile: reads of more than a few rows have threads of their
/// own, and the writing queue too.
struct PinnedChannel: ServerChildChannel {
    let channel: HTTP1Channel
    /// What is spoken on it; nil on the Unix socket, where the host that a request names means nothing.
    let scheme: WebScheme?
    /// What is shown to clients before anything else; nil where nothing is encrypted.
    let certificate: ServerCertificate?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        guard let certificate else { return setupHTTP(channel: channel, logger: logger) }
        return certificate.secure(channel).flatMap { setupHTTP(channel: channel, logger: logger) }
    }

    private func setupHTTP(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        self.channel.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
            try pipeline.addHandler(WireEnd(), position: .before(encoder))
            try pipeline.addHandler(OldVersionHandler(), position: .after(parser))
            if let scheme {
                // Behind the parser, where a request still has its target.
                try pipeline.addHandler(TargetHandler(scheme: scheme), position: .after(parser))
            }
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(loop: value.channel.eventLoop)) {
            guard certificate != nil else { return await channel.handle(value: value, logger: logger) }
            await withTaskCancellationHandler {
                await channel.handle(value: value, logger: logger)
            } onCancel: {
                // The one side alone, which ends others, cannot be closed under TLS.
                value.channel.close(promise: nil)
            }
        }
    }
}

/// Runs a task's steps on an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }
}
