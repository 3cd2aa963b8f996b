import BerthAPI
import BerthCommandLine
import BerthCore
import BerthHost

/// The command of `berth run`, from the start of its shim to its end.
struct RunningCommand {
    let lessor: RunLessor
    let lease: LeaseResource
    let restoresSIGPIPE: Bool
    /// The descriptors that we were started with.
    let inherited: [Int32]

    /// Starts the command and waits for its end.
    /// - Parameter isHeld: its ports are listened on before it starts, and passed to it.
    /// - Throws: ``ShimReport`` when it could not be started.
    func run(isHeld: Bool) async throws -> CommandSupervisor.End {
        let held = isHeld ? try hold() : nil
        let signals = try SignalPipe()
        let (orders, report) = (try Pipe(), try Pipe())
        let command = CommandSupervisor(child: try start(orders, report, held), signals: signals)
        orders.closeReader()
        report.closeWriter()
        do {
            orders.finish(writing: try await lessor.attach(command.child, to: lease).text)
        } catch {
            command.kill()
            throw error
        }
        let text = await DedicatedThread.run { command.readAll(report.reader) }
        // The command has its sockets by now: ours would keep the ports when it lets go of them.
        held?.close()
        let end = await DedicatedThread.run { command.waitForEnd() }
        if let report = ShimReport(text: String(decoding: text, as: UTF8.self)) { throw report }
        return end
    }

    private func hold() throws -> HeldPorts {
        do {
            return try HeldPorts(lease.ports.compactMap { Port($0) })
        } catch {
            throw BerthError(
                .portUnavailable,
                "Port \(error.port) of the lease cannot be listened on (\(error.cause)). Run the command again.",
                cause: error)
        }
    }

    /// Starts the shim, which waits for its orders.
    private func start(_ orders: Pipe, _ report: Pipe, _ held: HeldPorts?) throws -> Int32 {
        let sockets = held?.descriptors ?? []
        let order = ShimOrder(
            orders: orders.reader, report: report.writer, lease: lease.id, inherited: inherited,
            sockets: sockets, socketNames: sockets.isEmpty ? [] : lease.socketNames)
        var arguments = (["berth"] + order.arguments + ["--"]).map { Array($0.utf8) }
        for argument in OwnProcess.argumentsAfterTerminator {
            arguments.append(try PortPlaceholders.fill(argument, ports: lease.ports))
        }
        return try CommandSpawn(
            arguments: arguments,
            environment: OwnProcess.environment(replacing: LeaseVariables(lease).all),
            descriptors: [orders.reader, report.writer] + sockets, restoresSIGPIPE: restoresSIGPIPE
        ).start()
    }
}
