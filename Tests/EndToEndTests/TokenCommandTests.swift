import Testing

@Suite struct `berth token` {
    private func run(_ daemon: Daemon, _ arguments: [String]) throws -> Invocation {
        try Invocation(["token"] + arguments + ["--socket", daemon.socketPath], in: daemon.folder)
    }

    @Test func `makes a token and prints it alone, which then opens the daemon`() throws {
        try withDaemon { daemon in
            let made = try run(daemon, ["create", "ci", "--max-ports", "5", "--expires", "90d"])
            #expect(made.code == 0 && made.errors == "")
            let secret = String(made.output.dropLast())
            #expect(secret.wholeMatch(of: /[A-Za-z0-9_-]{43}/) != nil && made.output.hasSuffix("\n"))
            #expect(try daemon.call(withToken: secret, "GET", "/v1/leases").status == 200)
            let table = try run(daemon, ["list"]).output
            #expect(table.hasPrefix("TOKEN") && table.contains("ci") && table.contains("in 89d23h"))
            #expect(!table.contains(secret))
            #expect(try run(daemon, ["create", "ci"]).code == 65)
            let revoked = try run(daemon, ["revoke", "ci"])
            #expect(revoked.code == 0 && revoked.output == "")
            #expect(try daemon.call(withToken: secret, "GET", "/v1/leases").status == 401)
            #expect(try run(daemon, ["revoke", "nobody"]).code == 65)
        }
    }

    @Test func `prints the API's own objects`() throws {
        try withDaemon { daemon in
            let made = try run(daemon, ["create", "ci", "--allow-pids", "--json"]).json
            #expect(made["name"] == "ci" && made["allow_pids"] == true && made["token"].text?.count == 43)
            let list = try run(daemon, ["list", "--state", "all", "--json"]).json
            #expect(list.members == ["tokens", "next_cursor"])
            #expect(try list["tokens"].items == daemon.all("/v1/tokens?state=all", "tokens"))
        }
    }

    @Test func `refuses what cannot be a token before it asks`() throws {
        try withDaemon { daemon in
            for arguments in [
                ["create", "CI"], ["create", "ci", "--max-ports", "0"], ["create", "ci", "--expires", "soon"],
                ["create", "ci", "--expires", "0"], ["revoke", ""], ["list", "--state", "old"], ["create"],
            ] {
                let code = try run(daemon, arguments).code
                #expect(code == 64, "\(arguments)")
            }
            #expect(try daemon.all("/v1/tokens?state=all", "tokens") == [])
        }
    }
}
