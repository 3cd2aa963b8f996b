import BerthCore
import ServiceLifecycle

extension Task where Failure == Never {
    /// Its value; nil when the daemon stops before it is there, or whoever waits is cancelled. The task goes on.
    func valueUnlessStopping() async -> Success? {
        let (values, told) = AsyncStream.makeStream(of: Success?.self)
        Task<Void, Never> { told.yield(await self.value) }
        return await withTaskCancellationOrGracefulShutdownHandler {
            await values.first { _ in true } ?? nil
        } onCancelOrGracefulShutdown: {
            told.yield(nil)
        }
    }
}

extension SessionKeeper {
    /// Does what must come to its end once it has begun, but waits for it no longer than the daemon serves: what is in the rows
    /// by then is the next daemon's to go on with.
    /// - Throws: what `body` throws; `storage-unavailable` when the daemon stops first.
    func unlessStopping<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(BerthError) -> Value
    ) async throws(BerthError) -> Value {
        let task = Task { () -> Result<Value, BerthError> in
            do throws(BerthError) { return .success(try await body()) } catch { return .failure(error) }
        }
        return try await outcome(of: task)
    }

    /// What has become of a task; see ``unlessStopping(_:)``.
    func outcome<Value: Sendable>(of task: Task<Result<Value, BerthError>, Never>) async throws(BerthError) -> Value {
        guard let result = await task.valueUnlessStopping() else {
            throw BerthError(
                .storageUnavailable,
                "Berth is stopping, and goes on with the session at its next start. Ask again then.")
        }
        return try result.get()
    }
}
