internal import NIOCore

/// One turn of an event loop after the other: it reads what has come to all connections, then runs what it was given meanwhile.
final class LoopTurn {
    private let loop: any EventLoop
    private var outputs: [WireOutput] = []

    init(_ loop: any EventLoop) { self.loop = loop }

    func flushAtItsEnd(_ output: WireOutput) {
        outputs.append(output)
        guard outputs.count == 1 else { return }
        loop.assumeIsolated().execute { self.end() }
    }

    private func end() {
        let outputs = outputs
        self.outputs.removeAll(keepingCapacity: true)
        for output in outputs { output.flush() }
    }
}
