import Foundation
import Testing

/// What the formatter cannot hold.
@Suite struct `House rules` {
    let files = ProjectFiles()

    @Test func `a file has one idea and at most 300 lines`() throws {
        let all = try files.swiftFiles(in: "Sources", "Tests", "tools/benchmarks/Sources")
        #expect(all.count > 50)
        let long = all.filter { $0.lines.count > 301 }.map { "\($0.path): \($0.lines.count)" }
        #expect(long == [])
    }

    @Test func `a function fits a screen`() throws {
        let long = try files.swiftFiles(in: "Sources").flatMap { file in
            functions(of: file).filter { $0.length > 60 }.map { "\(file.path):\($0.line): \($0.length) lines" }
        }
        #expect(long == [])
    }

    @Test func `a package declaration says what it does`() throws {
        let undocumented = try files.swiftFiles(in: "Sources").flatMap(undocumentedDeclarations)
        #expect(undocumented == [])
    }

    @Test func `no source swallows errors or ends the process by force`() throws {
        let forbidden = [
            "fatalError(", "try!", "nonisolated(unsafe)", "@unchecked Sendable",
            "FIXME", "TODO",  // named to be looked for: what is left to do stands in an issue, not in a source
        ]
        let found = try files.swiftFiles(in: "Sources").flatMap { file in
            file.lines.enumerated().filter { _, line in forbidden.contains { line.contains($0) } }
                .map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(found == [])
    }

    @Test func `tests wait for conditions, not for time`() throws {
        let sleeps = ["Task.sleep", "usleep(", "Thread.sleep", " sleep("]
        let found = try files.swiftFiles(in: "Tests").filter { !$0.path.hasPrefix("Tests/TidyTests/") }.flatMap {
            file in
            file.lines.enumerated().filter { index, line in
                // A pause between two looks at a condition is no wait for time; it says so.
                sleeps.contains { line.contains($0) } && !line.contains("func sleep(")
                    && !file.lines[max(0, index - 3)...index].contains { $0.contains("between two looks") }
            }.map { "\(file.path):\($0.offset + 1)" }
        }
        #expect(found == [])
    }

    /// A name that is made from the type's takes reflection for each command at each start: half of a short command's time.
    @Test func `a command says its name`() throws {
        let commands = try files.swiftFiles(in: "Sources/berth").filter { file in
            file.lines.contains { $0.contains("CommandConfiguration(") }
        }
        #expect(commands.count > 15)
        #expect(commands.filter { file in !file.lines.contains { $0.contains("commandName: ") } }.map(\.path) == [])
    }

    @Test func `every folder of tests is a target`() throws {
        let package = try files.text("Package.swift")
        let folders = try files.names(in: "Tests").filter { $0 != "OpenAPI" }
        #expect(folders.count > 4)
        #expect(folders.filter { !package.contains("\"\($0)\"") } == [])
    }

    /// Headers that a compiler wrote once stood here and were committed.
    @Test func `nothing lies in the project's root but what belongs there`() throws {
        let belongs: Set = [
            "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Package.swift", "README.md",
            "SECURITY.md",
            "Sources", "Tests", "migrations", "tools",
        ]
        // SwiftPM writes Package.resolved anew; git leaves it out.
        let found = Set(try files.names(in: "").filter { !$0.hasPrefix(".") && $0 != "Package.resolved" })
        #expect(found == belongs)
    }

    @Test func `the domain knows no technology`() throws {
        let found = try files.swiftFiles(in: "Sources/BerthCore").flatMap { file in
            file.lines.filter { $0.contains("import ") && !$0.hasPrefix("//") && !$0.hasPrefix("    ") }
                .map { "\(file.path): \($0)" }
        }
        #expect(found == [])
    }

    private func functions(of file: ProjectFiles.SwiftFile) -> [(line: Int, length: Int)] {
        var found: [(Int, Int)] = []
        for (index, line) in file.lines.enumerated() where line.contains("func ") || line.contains(" init(") {
            let indent = line.prefix { $0 == " " }.count
            let end = file.lines[index...].firstIndex { $0 == Substring(String(repeating: " ", count: indent) + "}") }
            if let end { found.append((index + 1, end - index + 1)) }
        }
        return found
    }

    /// What answers a protocol's requirement is documented there: these are the protocols' members.
    private static let witnesses = [
        "now()", "boundPorts(", "listeners(", "identify(", "isAlive(", "user(of", "startInstant(",
        "run() async throws {", "committed(", "handle(", "makeCounter(", "makeRecorder(", "makeTimer(", "destroy",
        "prepare(_ order", "stop(_ agent", "stop(_ container", "reap(_ agent", "trimLog(", "tailOfLog(", "removeLog(",
        "containerID(at", "state(of container",
    ]

    /// Types and functions without a comment above them.
    private func undocumentedDeclarations(_ file: ProjectFiles.SwiftFile) -> [String] {
        file.lines.enumerated().compactMap { index, line in
            let text = line.drop { $0 == " " }
            let kinds = ["func ", "final class ", "class ", "struct ", "enum ", "protocol "]
            guard kinds.contains(where: { text.hasPrefix("package \($0)") || text.hasPrefix("package static \($0)") }),
                !Self.witnesses.contains(where: { text.contains("func \($0)") }), !text.contains("static func <"),
                !text.contains("func encode(to"), !text.contains("func hash(into")
            else { return nil }
            var above = index - 1
            while above >= 0, file.lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
            let isDocumented = above >= 0 && file.lines[above].drop { $0 == " " }.hasPrefix("//")
            return isDocumented ? nil : "\(file.path):\(index + 1): \(text)"
        }
    }
}
