import BerthCommandLine
import BerthCore
import Testing

@Suite struct `The session of a checkout` {
    private let shop = [
        "/home/u/shop/.git/HEAD": "ref: refs/heads/main\n",
        "/home/u/fix/.git": "gitdir: /home/u/shop/.git/worktrees/fix\n",
        "/home/u/shop/.git/worktrees/fix/HEAD": "ref: refs/heads/issue/3\n",
        "/home/u/shop/.git/worktrees/fix/commondir": "../..\n",
        "/other/shop/.git/HEAD": "ref: refs/heads/main\n",
    ]

    /// Resolves `..` as a disk without links does.
    private func canonical(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private func key(_ folder: String, _ files: [String: String]) -> String {
        WorktreeKey(folder: folder, readFile: { files[$0] }, canonical: canonical).session.rawValue
    }

    private func head(_ key: String) -> Substring { key.dropLast(17) }

    @Test func `is the same in every folder of it`() {
        let root = key("/home/u/shop", shop)
        #expect(head(root) == "shop@main" && root.count == "shop@main.".count + 16)
        #expect(root.suffix(16).allSatisfy { $0.isHexDigit })
        #expect(key("/home/u/shop/src/deep", shop) == root && key("/home/u/shop/../shop/.", shop) == root)
    }

    @Test func `is another one for each worktree, branch and repository`() {
        let keys = [key("/home/u/shop", shop), key("/home/u/fix/src", shop), key("/other/shop", shop)]
        #expect(keys.map(head) == ["shop@main", "shop/fix@issue/3", "shop@main"])
        let moved = shop.merging(["/home/u/shop/.git/HEAD": "ref: refs/heads/next\n"]) { $1 }
        #expect(Set(keys + [key("/home/u/shop", moved)]).count == 4)
        // What another checkout does is no business of this one.
        #expect(key("/home/u/fix", moved) == keys[1])
    }

    @Test func `names a commit where no branch is checked out`() {
        let commit = "0123456789abcdef0123456789abcdef01234567"
        #expect(head(key("/r", ["/r/.git/HEAD": commit + "\n"])) == "r@0123456789ab")
        #expect(head(key("/r", ["/r/.git/HEAD": "ref: refs/bisect/bad\n"])) == "r@refs/bisect/bad")
    }

    @Test func `knows a submodule and a repository without a worktree by their names`() {
        let files = [
            "/top/.git/HEAD": "ref: refs/heads/main", "/top/sub/.git": "gitdir: ../.git/modules/sub",
            "/top/sub/../.git/modules/sub/HEAD": "ref: refs/heads/dev",
        ]
        #expect(head(key("/top/sub", files)) == "sub@dev")
        let linked = [
            "/w/.git": "gitdir: /srv/shop.git/worktrees/w", "/srv/shop.git/worktrees/w/HEAD": "ref: refs/heads/a",
            "/srv/shop.git/worktrees/w/commondir": "../..",
        ]
        #expect(head(key("/w", linked)) == "shop/w@a")
    }

    @Test(arguments: ["", "nonsense", "gitdir:", "gitdir: /nowhere"])
    func `passes by a .git that leads nowhere`(text: String) {
        let files = ["/home/u/shop/sub/.git": text].merging(shop) { $1 }
        #expect(head(key("/home/u/shop/sub", files)) == "shop@main")
    }

    @Test func `is of the folder outside every repository`() {
        #expect(head(key("/tmp/a b", [:])) == "a-b")
        #expect(head(key("/", [:])) == "root")
        #expect(key("/tmp/x", [:]) != key("/var/x", [:]))
        #expect(key("/tmp/x", [:]) != key("/tmp/x", ["/tmp/x/.git/HEAD": "ref: refs/heads/x"]))
    }

    @Test func `has at most 128 characters, and tells long branches apart by the hash`() {
        let long = String(repeating: "b", count: 300)
        let keys = ["1", "2"].map { key("/r", ["/r/.git/HEAD": "ref: refs/heads/\(long)\($0)"]) }
        #expect(keys.allSatisfy { $0.count <= 128 } && keys[0] != keys[1] && head(keys[0]) == head(keys[1]))
        #expect(head(key("/für+x", [:])) == "f-r-x")
        // One character for the eye, several scalars for the name.
        #expect(key("/e\u{301}\u{323}", [:]).count <= 128)
    }
}
