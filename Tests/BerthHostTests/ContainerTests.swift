import BerthCore
import BerthTestSupport
import Glibc
import Testing

@testable import BerthHost

/// A shell script stands in for docker and podman; no real engine was asked.
@Suite(.timeLimit(.minutes(2))) struct `An agent in a container` {
    private static let id = String(repeating: "0123456789abcdef", count: 4)

    /// Files in `$STATE` say how the container is, and what it withstands; `calls` holds what was asked.
    private static let engine = #"""
        #!/bin/sh
        echo "$*" >>"$STATE/calls"
        [ -e "$STATE/down" ] && { echo "Cannot connect to the daemon" >&2; exit 1; }
        case $1 in
        run)
            for word; do
                case $word in --cidfile=*) printf %s "$ID" >"${word#--cidfile=}" ;; esac
            done
            touch "$STATE/known" "$STATE/running"
            while [ -e "$STATE/running" ]; do sleep 0.01; done ;;
        inspect)
            [ -e "$STATE/known" ] || { echo "Error: No such object: $4" >&2; exit 1; }
            [ -e "$STATE/running" ] && echo true || echo false ;;
        stop) [ -e "$STATE/stubborn" ] && { echo "timeout" >&2; exit 1; } ; rm -f "$STATE/running" ;;
        kill) rm -f "$STATE/running" ;;
        rm)
            [ -e "$STATE/immortal" ] && { echo "tried to kill container, but did not receive an exit event" >&2; exit 1; }
            rm -f "$STATE/running" "$STATE/known" ;;
        *) exit 64 ;;
        esac
        """#

    private let house: AgentHouse
    private let container: AgentContainer

    init() throws {
        house = try AgentHouse()
        let program = house.folder.file("docker")
        try write(Self.engine, to: program, mode: 0o755)
        container = AgentContainer(
            id: try #require(ContainerID(Self.id)), program: program,
            environment: ["STATE": house.folder.path, "ID": Self.id], user: nil)
    }

    private func set(_ names: String...) throws {
        for name in names { try write("", to: house.folder.file(name), mode: 0o600) }
    }

    private func calls() throws -> [String] {
        try ProcFile.text(house.folder.file("calls")).split(separator: "\n").map(String.init)
    }

    @Test func `is known by the id that its command writes, and stopped by it`() async throws {
        let cidfile = house.folder.file("cid")
        try set("cid")
        let order = house.order(
            [container.program, "run", "--cidfile=\(cidfile)", "image"], container.environment, cidfile: cidfile)
        try await house.run(order) { process async throws in
            var id: ContainerID?
            #expect(
                try await becomesTrue {
                    id = try house.launcher.containerID(at: cidfile)
                    return id != nil
                })
            #expect(id?.text == Self.id)
            #expect(await becomesTrue { await house.launcher.state(of: container) == .running })
            try await house.launcher.stop(container, graceMilliseconds: 1500)
            #expect(await house.launcher.state(of: container) == .ended)
            // The command goes with its container.
            #expect(await becomesTrue { !house.table.isAlive(process) })
        }
        #expect(try calls().contains("stop -t 2 \(Self.id)"))
        #expect(try calls().contains("rm -f \(Self.id)"))
        #expect(try !calls().contains("kill \(Self.id)"))
    }

    @Test func `is killed when it does not stop`() async throws {
        try set("known", "running", "stubborn")
        try await house.launcher.stop(container, graceMilliseconds: 0)
        #expect(await house.launcher.state(of: container) == .ended)
        let verbs = try calls().compactMap { $0.split(separator: " ").first }
        #expect(verbs == ["stop", "inspect", "kill", "rm", "inspect", "inspect"])
    }

    @Test func `that can't be ended is told of, in the engine's words`() async throws {
        try set("known", "running", "stubborn", "down")
        #expect(await house.launcher.state(of: container) == .unknown)
        let error = await #expect(throws: BerthError.self) {
            try await house.launcher.stop(container, graceMilliseconds: 0)
        }
        #expect(error?.message.contains("Cannot connect to the daemon") == true)
    }

    @Test func `has ended when the engine knows none, and is unknown without an engine`() async throws {
        #expect(await house.launcher.state(of: container) == .ended)
        try set("known")
        #expect(await house.launcher.state(of: container) == .ended)
        let nobody = AgentContainer(id: container.id, program: "no-such-engine", environment: [:], user: nil)
        #expect(await house.launcher.state(of: nobody) == .unknown)
    }

    @Test(arguments: ["0123", String(repeating: "g", count: 64), String(repeating: "A", count: 64), id + "0", "$(id)"])
    func `is none where something else stands in the id's file`(_ text: String) throws {
        let path = house.folder.file("cid")
        try write(text, to: path, mode: 0o600)
        #expect(throws: BerthError.self) { try house.launcher.containerID(at: path) }
    }

    @Test func `is none yet while the file is missing or empty`() throws {
        let path = house.folder.file("cid")
        #expect(try house.launcher.containerID(at: path) == nil)
        try write("", to: path, mode: 0o600)
        #expect(try house.launcher.containerID(at: path) == nil)
        try write(Self.id + "\n", to: path, mode: 0o600)
        #expect(try house.launcher.containerID(at: path)?.text == Self.id)
        try #require(symlink(path, house.folder.file("link")) == 0)
        #expect(throws: BerthError.self) { try house.launcher.containerID(at: house.folder.file("link")) }
    }
}
