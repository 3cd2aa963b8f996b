import Testing

@Suite struct `berth run without a session` {
    private func git(_ arguments: [String], in folder: TemporaryFolder) throws {
        let child = try ChildProcess(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"] + arguments,
            environment: ["HOME": folder.path, "PATH": "/usr/bin:/bin"], log: folder.file("git"))
        guard try child.wait(within: 20) == .exited(0) else { throw HarnessError("git: \(child.errors)") }
    }

    private func run(_ daemon: Daemon, in folder: String) throws -> [String] {
        let outcome = try daemon.commands.finish(
            ["run", "--", "sh", "-c", "echo $BERTH_SESSION $PORT"], in: folder)
        #expect(outcome.end == .exited(0), "\(outcome.errors)")
        return outcome.words
    }

    @Test func `gives the same checkout the same ports, and every other one others`() throws {
        try withDaemon { daemon in
            let repository = daemon.folder.file("shop")
            try git(["init", "-q", repository], in: daemon.folder)
            try git(["-C", repository, "commit", "-q", "--allow-empty", "-m", "x"], in: daemon.folder)
            try git(
                ["-C", repository, "worktree", "add", "-q", daemon.folder.file("fix"), "-b", "issue/3"],
                in: daemon.folder)
            let first = try run(daemon, in: repository)
            #expect(first[0].hasPrefix("shop@main."))
            let linked = try run(daemon, in: daemon.folder.file("fix"))
            #expect(linked[0].hasPrefix("shop/fix@issue/3."))
            #expect(linked[1] != first[1])
            // At once, and from a folder inside too.
            try git(["init", "-q", "--bare", repository + "/sub.git"], in: daemon.folder)
            #expect(try run(daemon, in: repository + "/.git/refs") == first)
            #expect(try run(daemon, in: repository) == first)
            try git(["-C", repository, "checkout", "-q", "-b", "other"], in: daemon.folder)
            let other = try run(daemon, in: repository)
            #expect(other[0].hasPrefix("shop@other.") && other[1] != first[1] && other[1] != linked[1])
            try git(["-C", repository, "checkout", "-q", "main"], in: daemon.folder)
            #expect(try run(daemon, in: repository) == first)
            #expect(try run(daemon, in: daemon.folder.file("fix")) == linked)
        }
    }

    @Test func `takes the folder where there is no repository`() throws {
        try withDaemon { daemon in
            let first = try run(daemon, in: daemon.folder.path)
            #expect(first[0].contains("berth-e2e-"))
            #expect(try run(daemon, in: daemon.folder.path) == first)
        }
    }
}
