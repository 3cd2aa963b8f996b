import Synchronization

/// A program of the host, such as curl, that has ended, with what it wrote.
struct HostTool {
    let code: Int32
    let output: String
    let errors: String
    /// The file that has its output.
    let outputPath: String

    /// Runs it with nothing of the test's own environment; it reads nothing.
    init(_ command: [String], in folder: TemporaryFolder, within seconds: Double = 30) throws {
        let child = try Self.start(command, in: folder)
        guard case .exited(let code) = try child.wait(within: seconds) else {
            throw HarnessError("\(command.joined(separator: " ")) was killed: \(child.errors)")
        }
        self.code = code
        output = child.output
        errors = child.errors
        outputPath = child.outputPath
    }

    /// Starts it.
    static func start(_ command: [String], in folder: TemporaryFolder) throws -> ChildProcess {
        let number = calls.add(1, ordering: .relaxed).newValue
        return try ChildProcess(
            command, environment: ["HOME": folder.path, "PATH": "/usr/local/bin:/usr/bin:/bin"],
            log: folder.file("tool-\(number)"))
    }

    private static let calls = Atomic<Int>(0)
}
