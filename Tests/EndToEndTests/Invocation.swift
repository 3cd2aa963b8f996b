import Glibc

/// A command of `berth` that has ended, with what it wrote.
struct Invocation {
    let code: Int32
    let output: String
    let errors: String

    /// What it wrote with `--json`.
    var json: JSON {
        get throws { try JSON(parsing: output.utf8) }
    }

    /// Runs `berth` with nothing of the user's own configuration.
    init(_ arguments: [String], in folder: TemporaryFolder, within seconds: Double = 30) throws {
        let number = try TemporaryFolder.names(in: folder.path).count
        let child = try ChildProcess(
            [try BinaryUnderTest.path()] + arguments,
            environment: ["HOME": folder.path, "PATH": "/usr/local/bin:/usr/bin:/bin"],
            log: folder.file("command-\(number)"))
        guard case .exited(let code) = try child.wait(within: seconds) else {
            throw HarnessError("berth \(arguments.joined(separator: " ")) was killed: \(child.errors)")
        }
        self.code = code
        output = child.output
        errors = child.errors
    }
}
