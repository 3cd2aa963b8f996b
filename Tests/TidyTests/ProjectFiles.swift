import Foundation

/// The project's own files, as the house rules see them.
struct ProjectFiles {
    /// One Swift file, with its path from the project's root.
    struct SwiftFile {
        let path: String
        let lines: [Substring]
    }

    let root: URL

    init() {
        root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// The Swift files below these folders. A folder without any is a mistake in the test.
    func swiftFiles(in folders: String...) throws -> [SwiftFile] {
        try folders.flatMap { folder in
            let paths = FileManager.default.enumerator(atPath: root.appending(path: folder).path)?.compactMap {
                $0 as? String
            }
            return try (paths ?? []).filter { $0.hasSuffix(".swift") && !$0.contains(".build/") }.sorted().map { path in
                let text = try String(contentsOf: root.appending(path: "\(folder)/\(path)"), encoding: .utf8)
                return SwiftFile(
                    path: "\(folder)/\(path)", lines: text.split(separator: "\n", omittingEmptySubsequences: false))
            }
        }
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).sorted()
    }
}
