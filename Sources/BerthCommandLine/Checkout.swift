/// A Git checkout, by the files of its repository (gitrepository-layout(5)); no Git is run.
struct Checkout: Hashable {
    /// The folder that all worktrees of the repository share: `…/.git` as a rule.
    let repository: String
    /// The folder that the worktree's `.git` lies in.
    let worktree: String
    /// The branch's name without `refs/heads/`; when none is checked out, the commit's short id.
    let branch: String
    /// Whether `git worktree add` made it.
    let isLinked: Bool

    private static let shortID = 12

    /// The checkout whose worktree `folder`, a canonical path, lies in; nil when it lies in none.
    init?(containing folder: String, readFile: (String) -> String?, canonical: (String) -> String?) {
        for candidate in Self.ancestors(folder) {
            let dotGit = candidate == "/" ? "/.git" : candidate + "/.git"
            let gitFolder: String
            if readFile(dotGit + "/HEAD") != nil {
                gitFolder = dotGit
            } else if let text = readFile(dotGit), let named = Self.value("gitdir:", in: text) {
                gitFolder = Self.path(named, from: candidate)
            } else {
                continue
            }
            guard let head = readFile(gitFolder + "/HEAD"), let branch = Self.branch(head) else { continue }
            let common = readFile(gitFolder + "/commondir").map { Self.path(Self.trimmed($0), from: gitFolder) }
            let repository = common ?? gitFolder
            self.repository = canonical(repository) ?? repository
            worktree = candidate
            self.branch = branch
            isLinked = common != nil
            return
        }
        return nil
    }

    private static func branch(_ head: String) -> String? {
        if let reference = value("ref:", in: head) {
            return reference.hasPrefix("refs/heads/") ? String(reference.dropFirst("refs/heads/".count)) : reference
        }
        let id = trimmed(head)
        guard id.count >= 40, id.allSatisfy(\.isHexDigit) else { return nil }
        return String(id.prefix(shortID))
    }

    private static func value(_ key: String, in text: String) -> String? {
        guard text.hasPrefix(key) else { return nil }
        let value = trimmed(String(text.dropFirst(key.count)))
        return value.isEmpty ? nil : value
    }

    private static func path(_ path: String, from folder: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }

    /// The folder itself, then the one above it, up to the root.
    private static func ancestors(_ folder: String) -> [String] {
        var found = [folder]
        while let last = found.last, last != "/", let slash = last.lastIndex(of: "/") {
            found.append(slash == last.startIndex ? "/" : String(last[..<slash]))
        }
        return found
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }
}
