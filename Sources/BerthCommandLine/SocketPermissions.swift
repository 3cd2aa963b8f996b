import BerthCore

/// Who may connect to the daemon's socket: its user alone, unless somebody says otherwise.
package struct SocketPermissions: Hashable, Sendable {
    /// One of ``modes``.
    package let mode: UInt32
    /// The name of the group that the socket is given to; nil for the daemon's own.
    package let group: String?

    /// The socket's user, a group too, everybody. Who connects needs to write (unix(7)), so that there are no others.
    static let modes: [UInt32] = [0o600, 0o660, 0o666]

    /// For the socket's user alone.
    package static let standard = SocketPermissions(mode: 0o600, group: nil)

    /// Each user whom it lets in is a principal of its own.
    static func load(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> SocketPermissions {
        let group = layers.text(flags.socketGroup, "--socket-group", "BERTH_SOCKET_GROUP", file.socketGroup)
        var mode = standard.mode
        if let setting = layers.text(flags.socketMode, "--socket-mode", "BERTH_SOCKET_MODE", file.socketMode) {
            guard let match = setting.value.wholeMatch(of: /0?([0-7]{3})/), let number = UInt32(match.1, radix: 8),
                modes.contains(number)
            else {
                throw .setting(
                    setting.source,
                    "'\(setting.value)' is no mode for the socket; there are: 0600 (its user), 0660 (a group too), 0666"
                        + " (everybody)")
            }
            mode = number
        }
        if let group {
            guard !group.value.isEmpty else { throw .setting(group.source, "the group needs a name") }
            guard mode & 0o060 != 0 else {
                throw .setting(
                    group.source, "a socket of mode 0600 keeps its group out; say --socket-mode 0660 as well")
            }
        }
        return SocketPermissions(mode: mode, group: group?.value)
    }
}
