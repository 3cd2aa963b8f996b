package import BerthAPI
import BerthCore

/// Why a call to a daemon failed, in words for its user, with the exit code of a command that fails by it.
package struct ClientError: Error, Hashable, Sendable {
    /// The problem's code, or one of the client's own: `no-daemon`, `access-denied`, `untrusted`, `connection-lost`,
    /// `timeout`, `unexpected-reply`.
    package let code: String
    /// The reply's status; nil when there was no reply.
    package let status: Int?
    package let message: String
    package let exitCode: Int32

    package init(code: String, status: Int? = nil, message: String, exitCode: Int32) {
        self.code = code
        self.status = status
        self.message = message
        self.exitCode = exitCode
    }

    /// A problem that the daemon sent. A code of a newer Berth exits by its status.
    package init(_ problem: Problem) {
        let known = ErrorCode(rawValue: problem.code)?.presentation.exitCode
        self.init(
            code: problem.code, status: problem.status,
            message: problem.detail.isEmpty ? problem.title : problem.detail,
            exitCode: known ?? Self.exitCode(status: problem.status))
    }

    /// A reply that no Berth sends; most likely something else listens there.
    static func unexpectedReply(_ status: Int, from endpoint: Endpoint) -> ClientError {
        ClientError(
            code: "unexpected-reply", status: status,
            message: "What answers at \(endpoint) (status \(status)) does not speak Berth's API."
                + " Is another program there, or a Berth of another version?",
            exitCode: exitCode(status: status))
    }

    /// No daemon at any of the places, each with what was met there.
    static func noDaemon(_ attempts: [(endpoint: Endpoint, reason: String)]) -> ClientError {
        let places = attempts.map { "\($0.endpoint) (\($0.reason))" }.joined(separator: ", nor at ")
        return ClientError(
            code: "no-daemon", message: "No daemon answers at \(places). Start one with: berth serve", exitCode: 69)
    }

    private static func exitCode(status: Int) -> Int32 {
        switch status {
        case 401, 403: 77
        case 404, 409, 422: 65
        case 429, 503: 75
        default: 70
        }
    }
}
