import Crypto
import FoundationEssentials

/// SHA-256 of a file's bytes; nil when there is none.
func hash(ofFile path: String) throws -> SHA256.Digest? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return SHA256.hash(data: try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The length of a file in bytes; 0 when there is none.
func length(ofFile path: String) throws -> Int {
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    return try Data(contentsOf: URL(fileURLWithPath: path)).count
}
