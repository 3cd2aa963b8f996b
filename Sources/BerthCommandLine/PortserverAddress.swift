import BerthCore

/// Where the portserver protocol is served: a Unix socket, as PORTSERVER_ADDRESS of portpicker names it.
package enum PortserverAddress: Hashable, Sendable {
    /// A name in the abstract namespace, without the `@` that it is written with (unix(7)).
    case abstract(String)
    case file(String)

    /// Of a socket that has a file.
    package var path: String? {
        if case .file(let path) = self { path } else { nil }
    }

    static func load(_ flags: ServeFlags, _ layers: Layers, _ file: FileSettings) throws(BerthError) -> Self? {
        guard let setting = layers.text(flags.portserver, "--portserver", "BERTH_PORTSERVER", file.portserver),
            setting.value != "none"
        else { return nil }
        // sun_path holds 108 bytes, of which a NUL is one: in front of a name, behind a path.
        let name = setting.value.hasPrefix("@") ? String(setting.value.dropFirst()) : nil
        guard (1...107).contains((name ?? setting.value).utf8.count), !setting.value.utf8.contains(0) else {
            throw .setting(
                setting.source,
                "'\(setting.value)' is no Unix socket: a name behind an @, or a path, has 1 to 107 bytes")
        }
        return name.map { .abstract($0) } ?? .file(setting.value)
    }
}

extension PortserverAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .abstract(let name): "@" + name
        case .file(let path): path
        }
    }
}
