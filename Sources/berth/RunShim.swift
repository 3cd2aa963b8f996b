import BerthAPI
import BerthClient
import BerthCommandLine
import BerthHost
import FoundationEssentials

/// The first life of a command that `berth run` starts: this program once more, which has itself attached to the lease
/// and then becomes the command. So its PID and start time are the command's own.
///
/// It comes before the command line is parsed, and does everything by blocking calls: it is on the way of every start.
enum RunShim {
    /// Whether this process was started as a shim.
    static var isWanted: Bool { CommandLine.arguments.dropFirst().first == ShimOrder.verb }

    private static let attachTimeoutSeconds: Int32 = 30

    /// Becomes the command, or says why not and ends.
    static func run() -> Never {
        guard let order = ShimOrder(arguments: CommandLine.arguments.dropFirst()) else {
            Terminal.say("berth: \(ShimOrder.verb) is for berth run alone.")
            exit(withCode: 64)
        }
        var report = order.report
        do {
            try CommandShim.closeOthers(keeping: [report, order.orders] + order.inherited + order.sockets)
            // Out of the place of the command's sockets.
            report = try CommandShim.setAside(report, lowest: 3 + Int32(order.sockets.count))
            guard let orders = ShimOrders(text: CommandShim.readAll(order.orders)) else {
                throw ShimReport(exitCode: 70, message: "berth run has ended.")
            }
            if case .attach(let socket) = orders { try attach(at: socket, lease: order.lease) }
            if !order.sockets.isEmpty { try CommandShim.passSockets(order.sockets, names: order.socketNames) }
            throw execute()
        } catch let failure as ShimReport {
            CommandShim.leave(reporting: failure.text, to: report, code: failure.exitCode)
        } catch {
            let failure = ShimReport(exitCode: 70, message: "The command could not be started: \(error)")
            CommandShim.leave(reporting: failure.text, to: report, code: failure.exitCode)
        }
    }

    private static func exit(withCode code: Int32) -> Never {
        CommandShim.leave(reporting: "", to: -1, code: code)
    }

    private static func execute() -> ShimReport {
        let failure = CommandShim.executeArguments()
        let name = CommandLine.arguments.drop { $0 != "--" }.dropFirst().first ?? ""
        return ShimReport(
            exitCode: CommandShim.isNotFound(failure) ? 127 : 126,
            message: "\(name): \(CommandShim.words(failure))")
    }

    /// `PUT /v1/leases/{id}/agents/command`: the kernel tells the daemon who sends it.
    private static func attach(at socket: String, lease: Int64) throws {
        let body = #"{"self":true}"#
        let request = """
            PUT \(APIPath.agent(RunLessor.agent, of: lease)) HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            Connection: close\r
            \r
            \(body)
            """
        let reply: String
        do {
            let stream = try UnixStream(path: socket, timeoutSeconds: attachTimeoutSeconds)
            try stream.send(Array(request.utf8))
            reply = try answer(stream)
        } catch {
            throw gone(socket, "\(error)")
        }
        // A daemon that is killed meanwhile leaves no answer, or half of one.
        guard reply.contains("\r\n") else { throw gone(socket, "it hung up") }
        guard !reply.hasPrefix("HTTP/1.1 200 ") else { return }
        throw refusal(reply)
    }

    private static func gone(_ socket: String, _ why: String) -> ShimReport {
        ShimReport(exitCode: 69, message: "The daemon at \(socket) is gone: \(why). Run the command again.")
    }

    /// As much of the answer as counts: of a success the first line.
    private static func answer(_ stream: borrowing UnixStream) throws(SystemError) -> String {
        var bytes: [UInt8] = []
        while true {
            let piece = try stream.receive()
            bytes += piece
            let text = String(decoding: bytes, as: UTF8.self)
            if piece.isEmpty || text.hasPrefix("HTTP/1.1 200 ") { return text }
        }
    }

    private static func refusal(_ reply: String) -> ShimReport {
        let body = reply.firstRange(of: "\r\n\r\n").map { reply[$0.upperBound...] } ?? ""
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(body.utf8)) else {
            let line = reply.prefix { !$0.isNewline }
            return ShimReport(exitCode: 70, message: "The daemon's answer cannot be read: \(line)")
        }
        return ShimReport(exitCode: ClientError(problem).exitCode, message: problem.detail)
    }
}
