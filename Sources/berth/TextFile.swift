import BerthCore
import FoundationEssentials

/// Small files that configure a command.
enum TextFile {
    /// - Returns: the file's text; nil where there is no such file.
    /// - Throws: ``ErrorCode/configuration`` when it is there and cannot be read.
    static func read(_ path: String) throws(BerthError) -> String? {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile {
            return nil
        } catch {
            let reason = (error as? CocoaError)?.code == .fileReadNoPermission ? "permission denied" : "\(error)"
            throw BerthError(.configuration, "\(path) cannot be read: \(reason)", cause: error)
        }
    }
}
