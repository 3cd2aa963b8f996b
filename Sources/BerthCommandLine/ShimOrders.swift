/// What a shim is told once its lease knows it, or that it has to see to that itself. It comes through a pipe, whose end
/// without any of it means that `berth run` is gone.
package enum ShimOrders: Hashable, Sendable {
    /// Become the command.
    case start
    /// Attach yourself at this daemon's socket, then become the command.
    case attach(socket: String)

    /// Reads what ``text`` wrote; nil for anything else.
    package init?(text: String) {
        if text == "start" {
            self = .start
        } else if text.hasPrefix("attach ") {
            self = .attach(socket: String(text.dropFirst("attach ".count)))
        } else {
            return nil
        }
    }

    /// How it goes through the pipe.
    package var text: String {
        switch self {
        case .start: "start"
        case .attach(let socket): "attach \(socket)"
        }
    }
}
