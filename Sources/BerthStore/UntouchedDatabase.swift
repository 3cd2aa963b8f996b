import BerthCore
import CBerthSQLite
import FoundationEssentials
import GRDB
import Glibc

/// A way to read a database that writes nothing and makes no file: neither a log nor its index.
///
/// An ordinary read-only connection makes both where they are missing (https://www.sqlite.org/wal.html#readonly). So a
/// database with an empty log is opened `immutable`, and one with a log through the index that is there, which is then
/// only mapped for reading (`readonly_shm`). No connection checkpoints, not even when it closes.
struct UntouchedDatabase {
    /// How the file is opened.
    enum Way: String {
        /// Everything is in the database file, and nobody writes it.
        case alone = "immutable=1"
        /// Beside a daemon, or after one that was killed.
        case withLog = "readonly_shm=1"
    }

    let path: String

    /// - Parameter isServed: whether a daemon holds the database's lock.
    /// - Throws: ``ErrorCode/configuration`` when it cannot be read without making a file.
    func way(isServed: Bool) throws(BerthError) -> Way {
        if !isServed, size("-wal") == nil || size("-wal") == 0 { return .alone }
        guard size("-shm") != nil else {
            throw BerthError(
                .configuration,
                "\(path)-wal lies there without \(path)-shm, so the database cannot be read without writing. Were the"
                    + " files copied, or removed one by one? Bring \(path)-wal back together with its database; a"
                    + " daemon makes the other file by itself when it starts.")
        }
        return .withLog
    }

    /// Reads in one snapshot.
    func read<Value>(_ way: Way, _ body: (Database) throws -> Value) throws -> Value {
        SQLiteSettings.make()
        let queue = try DatabaseQueue(path: uri(way), configuration: DatabaseFile.readerConfiguration)
        defer { withExtendedLifetime(queue) {} }
        return try queue.read(body)
    }

    /// What changes whenever somebody writes: sizes and times of the file and its log.
    var stamp: [Int64] {
        ["", "-wal"].flatMap { suffix -> [Int64] in
            var status = stat()
            guard stat(path + suffix, &status) == 0 else { return [-1] }
            return [Int64(status.st_size), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec)]
        }
    }

    /// The file's name as a URI (https://www.sqlite.org/uri.html), which `?`, `#` and `%` in a path would end or bend.
    func uri(_ way: Way) -> String {
        let escaped = path.replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
        return "file:\(path.hasPrefix("/") ? "//" : "")\(escaped)?mode=ro&\(way.rawValue)"
    }

    private func size(_ suffix: String) -> Int64? {
        var status = stat()
        return stat(path + suffix, &status) == 0 ? Int64(status.st_size) : nil
    }
}
