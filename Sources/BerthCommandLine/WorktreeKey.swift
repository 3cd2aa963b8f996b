package import BerthCore
import Crypto
import FoundationEssentials

/// The session of a command that names none: the same for the same checkout, another for any other.
///
/// It is made of the repository, the worktree and the branch: a readable head, and a hash of all three, since the head
/// is shortened and two repositories may have one name.
package struct WorktreeKey: Hashable, Sendable {
    /// `berth@main.0f3a…`, in a linked worktree `berth/fix@issue-3.77c2…`; outside every repository the folder's name.
    package let session: SessionName

    private static let longestHead = 100
    private static let hashDigits = 16

    /// - Parameters:
    ///   - folder: where the command runs, an absolute path.
    ///   - readFile: a file's text; nil where there is no such file, or it cannot be read.
    ///   - canonical: the path without symbolic links; nil where there is none.
    package init(folder: String, readFile: (String) -> String?, canonical: (String) -> String?) {
        let here = canonical(folder) ?? folder
        if let checkout = Checkout(containing: here, readFile: readFile, canonical: canonical) {
            var head = Self.name(checkout.repository)
            if checkout.isLinked { head += "/" + Self.lastPart(checkout.worktree) }
            self.init(
                head: "\(head)@\(checkout.branch)",
                parts: ["git", checkout.repository, checkout.worktree, checkout.branch])
        } else {
            self.init(head: Self.lastPart(here), parts: ["folder", here])
        }
    }

    private init(head: String, parts: [String]) {
        // A zero byte is in no path and no branch, so that no two lists of parts are one text.
        let digest = SHA256.hash(data: Data(parts.joined(separator: "\0").utf8))
        let hash = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined().prefix(Self.hashDigits)
        let readable = String(head.unicodeScalars.map(Self.allowed).prefix(Self.longestHead))
        guard let session = SessionName(rawValue: "\(readable.isEmpty ? "root" : readable).\(hash)") else {
            preconditionFailure("a key of allowed characters is a session's name: \(readable).\(hash)")
        }
        self.session = session
    }

    private static func allowed(_ scalar: Unicode.Scalar) -> Character {
        let isFine = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
        return isFine || "._:@/-".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
    }

    /// The name of the folder that a repository's `.git` lies in, or of a bare repository without its `.git`.
    private static func name(_ repository: String) -> String {
        let last = lastPart(repository)
        if last == ".git" { return lastPart(String(repository.dropLast(5))) }
        return last.hasSuffix(".git") ? String(last.dropLast(4)) : last
    }

    private static func lastPart(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
}
