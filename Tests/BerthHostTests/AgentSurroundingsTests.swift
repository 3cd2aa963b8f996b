import BerthCore
import BerthTestSupport
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(2))) struct `What an agent finds around it` {
    private func variables(_ output: String) -> [String: String] {
        let pairs = output.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return Dictionary(pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
    }

    @Test func `is the environment of its order and no more`() async throws {
        let house = try AgentHouse()
        let account = try #require(try UserAccount.numbered(geteuid()))
        var process: ProcessIdentity?
        let order = house.order(["env"], ["PORT": "20010", "TZ": "UTC", "EMPTY": ""])
        let found = try await house.run(order) { agent async throws in
            process = agent
            _ = await becomesTrue { house.launcher.reap(agent) != nil }
            return variables(try house.text())
        }
        let agent = try #require(process)
        #expect(
            found == [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PORT": "20010",
                "HOME": account.home, "USER": account.name, "LOGNAME": account.name, "SHELL": account.shell,
                "BERTH_AGENT_PROCESS": "\(agent.pid).\(agent.startTicks)",
            ])
        #expect(try house.text().split(separator: "\n").contains("EMPTY="))
    }

    @Test func `has no descriptor but the standard ones`() async throws {
        let house = try AgentHouse()
        // One that is not close-on-exec, as libraries make them.
        let leaked = dup(0)
        defer { close(leaked) }
        try #require(leaked > 2)
        try await house.run(house.order(["sleep", "600"])) { process async throws in
            let found = (0..<1024).filter { access("/proc/\(process.pid)/fd/\($0)", F_OK) == 0 }
            #expect(found == [0, 1, 2])
            #expect(target("/proc/\(process.pid)/fd/0") == "/dev/null")
            #expect(target("/proc/\(process.pid)/fd/1") == house.log)
            #expect(target("/proc/\(process.pid)/fd/2") == house.log)
            let facts = try ProcFile.text("/proc/\(process.pid)/fdinfo/1").split(separator: "\n")
            let line = try #require(facts.first { $0.hasPrefix("flags:\t") })
            let flags = try #require(Int32(line.dropFirst(7), radix: 8))
            #expect(flags & (O_ACCMODE | O_APPEND | O_NONBLOCK) == O_WRONLY | O_APPEND)
        }
    }

    @Test func `are signals, limits and modes as usual`() async throws {
        let house = try AgentHouse(descriptorLimit: 321)
        try await house.run(house.order(["sleep", "600"])) { process async throws in
            let status = try ProcFile.text("/proc/\(process.pid)/status")
            let lines = Set(status.split(separator: "\n").map(String.init))
            #expect(lines.contains("SigBlk:\t0000000000000000"))
            // posix_spawn(3) of glibc ignores the two signals that it has for itself, 32 and 33.
            let ignored = lines.first { $0.hasPrefix("SigIgn:\t") }.flatMap { UInt64($0.dropFirst(8), radix: 16) }
            #expect(ignored.map { $0 & ~0x1_8000_0000 } == 0)
            #expect(lines.contains("Umask:\t0022"))
            #expect(lines.contains("NoNewPrivs:\t0"))
            #expect(FileDescriptorLimit.read(of: process.pid)?.soft == 321)
            #expect(FileDescriptorLimit.read(of: process.pid)?.hard == FileDescriptorLimit.read()?.hard)
            #expect(target("/proc/\(process.pid)/cwd") == "/")
        }
        let log = try #require(try FileStatus.read(house.log))
        #expect(log.mode == 0o600)
        #expect(try FileStatus.read(house.folder.file("agents"))?.mode == 0o700)
    }

    @Test func `is a folder where relative programs are found`() async throws {
        let house = try AgentHouse()
        try write("#!/bin/sh\npwd\n", to: house.folder.file("tool"), mode: 0o755)
        let order = house.order(["./tool"], in: house.folder.path)
        #expect(try await house.output(order) == house.folder.path + "\n")
    }

    @Test(.enabled(if: geteuid() == 0, "only root may become another user"))
    func `is another user where the order says so, and the log stays the daemon's`() async throws {
        let house = try AgentHouse()
        let account = try #require(try UserAccount.named("nobody"))
        let script = "id -un; id -G; echo $HOME $USER; grep CapEff /proc/self/status"
        let lines = try await house.output(house.order(["sh", "-c", script], user: "nobody"))
            .split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "nobody", "\(account.gid)", "\(account.home) nobody", "CapEff:\t0000000000000000",
            ])
        #expect(try FileStatus.read(house.log)?.owner == 0)
        try await house.run(house.order(["sleep", "600"], user: "nobody")) { process async throws in
            #expect(house.table.user(of: process.pid) == account.uid)
            #expect(await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: 20_000) == .ended)
        }
    }

    private func target(_ link: String) -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(link, &path, path.count)
        return String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
