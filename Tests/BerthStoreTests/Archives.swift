import BerthCore
import Glibc
import Testing

@testable import BerthStore

/// What a pruning wrote, read with the gzip program.
enum Archives {
    /// The lines of an archive, oldest first.
    static func lines(_ path: String) throws -> [String] {
        let pipe = try #require(popen("gzip -dc '\(path)'", "r"))
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            text += buffer[..<count]
        }
        #expect(pclose(pipe) == 0, "gzip does not read \(path)")
        return text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension TestStore {
    /// Every record that is there, as an archive would hold it.
    func recordLines() async throws -> [String] { try await records().map(\.json) }

    func records() async throws -> [AuditRecord] {
        var filter = AuditFilter()
        filter.limit = .max
        return try await store.audit(filter)
    }

    /// Sizes in bytes: of the file, and of what in it is free.
    func space() throws -> (file: Int, free: Int) {
        store.queue.checkpoint()
        var status = stat()
        #expect(stat(path, &status) == 0)
        return (Int(status.st_size), (Int(try rows("PRAGMA freelist_count")[0]) ?? 0) * 4096)
    }
}

extension ChangeContext {
    static let administrator = ChangeContext(caller: .administrator, requestID: "prune")
}
