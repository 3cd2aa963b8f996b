internal import BerthCore
internal import Glibc

/// Asks a container's engine about a container, by the command that started it: docker and podman take the same words.
///
/// It was tried with a program in the engine's place, never with a real engine.
struct ContainerControl: Sendable {
    /// How a command of the engine's ended and what it said, within a limit of time.
    typealias Run = @Sendable ([String], Duration) async throws(BerthError) -> (end: AgentEnd, output: String)

    private let container: AgentContainer
    private let run: Run

    /// How long the engine may take to answer.
    private static let patience = Duration.seconds(30)

    init(_ container: AgentContainer, run: @escaping Run) {
        self.container = container
        self.run = run
    }

    func state() async -> ContainerState {
        do {
            let (end, output) = try await say("inspect", "-f", "{{.State.Running}}")
            let words = output.lowercased()
            if end == .exited(0) {
                if words.contains("true") { return .running }
                return words.contains("false") ? .ended : .unknown
            }
            // "No such object" of docker, "no such container" of podman.
            return words.contains("no such") ? .ended : .unknown
        } catch {
            return .unknown
        }
    }

    /// Each of the engine's commands is tried, whatever the one before said: what counts is that the container is gone.
    func stop(graceMilliseconds: Int64) async throws(BerthError) {
        let seconds = (max(0, graceMilliseconds) + 999) / 1000
        let stop = try await say("stop", "-t", "\(seconds)", limit: .seconds(seconds) + Self.patience)
        if stop.end != .exited(0), await state() != .ended { _ = try await say("kill") }
        // Where it was started with --rm, there is nothing to remove.
        let removal = try await say("rm", "-f")
        let state = await state()
        guard state != .ended, !(state == .unknown && removal.end == .exited(0)) else { return }
        let said = (stop.output + removal.output).suffix(1000)
        throw BerthError(.internal, "The container \(container.id.text) can't be stopped: \(said)")
    }

    private func say(
        _ words: String..., limit: Duration = patience
    ) async throws(BerthError) -> (end: AgentEnd, output: String) {
        try await run([container.program] + words + [container.id.text], limit)
    }
}
