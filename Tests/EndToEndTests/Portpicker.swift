import Glibc

/// Programs that pick ports with portpicker (PyPI), which tools/portpicker-venv installs.
enum Portpicker {
    /// The Python that has it.
    /// - Throws: when it is not there: a suite that has nothing to test must not look as if it had passed.
    static func python(source: String = #filePath) throws -> String {
        // …/Tests/EndToEndTests/Portpicker.swift
        let root = source.split(separator: "/").dropLast(3).joined(separator: "/")
        let python = "/\(root)/.build/portpicker-venv/bin/python"
        guard access(python, X_OK) == 0 else {
            throw HarnessError("there is no portpicker at \(python): run tools/portpicker-venv")
        }
        return python
    }

    /// Starts a program that picks ports, prints them in a line, and stays.
    static func start(_ count: Int, at address: String, in folder: TemporaryFolder, _ name: String) throws
        -> ChildProcess
    {
        let program = """
            import signal, portpicker
            print(*(portpicker.pick_unused_port() for _ in range(\(count))), flush=True)
            signal.pause()
            """
        return try ChildProcess(
            [try python(), "-c", program],
            environment: ["PORTSERVER_ADDRESS": address, "PATH": "/usr/local/bin:/usr/bin:/bin"],
            log: folder.file(name))
    }

    /// The ports that it has printed, once it has.
    static func ports(_ program: ChildProcess) throws -> [Int] {
        let line: [Int]? = try eventually(within: 60) {
            if let end = try program.status() { throw HarnessError("it ended, \(end): \(program.errors)") }
            guard program.output.hasSuffix("\n") else { return nil }
            return program.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        }
        guard let line else { throw HarnessError("no ports were picked: \(program.errors)") }
        return line
    }

    /// Sends bytes to a portserver at a path and takes what comes until it hangs up.
    static func ask(_ path: String, _ bytes: String, finish: Bool = false) throws -> String {
        let connection = try Endpoint.unix(path).connect()
        defer { connection.close() }
        try connection.send(bytes)
        if finish { connection.finishSending() }
        return String(decoding: try connection.receiveRest(), as: UTF8.self)
    }
}
