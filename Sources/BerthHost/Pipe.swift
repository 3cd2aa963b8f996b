internal import CBerthLinux
internal import Glibc

/// A pipe whose ends are closed on exec. Whoever made it closes each end once.
package struct Pipe: Sendable {
    package let reader: Int32
    package let writer: Int32

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        let result = berth_pipe(&ends)
        guard result == 0 else { throw SystemError("pipe2(2)", -result) }
        reader = ends[0]
        writer = ends[1]
    }

    /// Closes the end to read.
    package func closeReader() { close(reader) }

    /// Writes to the pipe and closes its end to write. A reader that is gone hears nothing.
    package func finish(writing text: String) {
        let bytes = Array(text.utf8)
        _ = write(writer, bytes, bytes.count)
        close(writer)
    }

    /// Closes the end to write.
    package func closeWriter() { close(writer) }
}
