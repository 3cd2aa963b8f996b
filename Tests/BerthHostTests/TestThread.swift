import BerthHost
import Glibc

/// A second thread of this process that waits until it may end.
final class TestThread {
    /// What the thread has for a PID in the kernel's eyes.
    let number: Int32
    private let handle: pthread_t
    private let gate: (read: Int32, write: Int32)

    init() throws {
        var gatePipe: [Int32] = [-1, -1]
        var answerPipe: [Int32] = [-1, -1]
        guard pipe(&gatePipe) == 0, pipe(&answerPipe) == 0 else {
            throw TestSocket.Failure(call: "pipe", number: errno)
        }
        // The thread says its number into one pipe and waits for the other one's end.
        let ends = UnsafeMutablePointer<Int32>.allocate(capacity: 2)
        ends[0] = gatePipe[0]
        ends[1] = answerPipe[1]
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, TestThread.run, ends)
        guard result == 0 else { throw TestSocket.Failure(call: "pthread_create", number: result) }
        var answer: Int32 = 0
        let length = read(answerPipe[0], &answer, 4)
        close(answerPipe[0])
        close(answerPipe[1])
        guard length == 4 else { throw TestSocket.Failure(call: "read", number: errno) }
        number = answer
        handle = thread
        gate = (gatePipe[0], gatePipe[1])
    }

    func end() {
        var byte: UInt8 = 0
        _ = write(gate.write, &byte, 1)
        pthread_join(handle, nil)
        close(gate.read)
        close(gate.write)
    }

    /// `/proc/thread-self` points to `PID/task/TID` (proc(5)); 0 where it doesn't.
    private static func ownNumber() -> Int32 {
        var target = [CChar](repeating: 0, count: 64)
        let length = readlink("/proc/thread-self", &target, target.count)
        let text = String(decoding: target.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "/").last.flatMap { Int32($0) } ?? 0
    }

    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let ends = argument?.assumingMemoryBound(to: Int32.self) else { return nil }
        defer { ends.deallocate() }
        var number = TestThread.ownNumber()
        _ = write(ends[1], &number, 4)
        var byte: UInt8 = 0
        _ = read(ends[0], &byte, 1)
        return nil
    }
}
