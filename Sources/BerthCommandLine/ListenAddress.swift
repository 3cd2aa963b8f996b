package import BerthCore

/// The TCP address of a daemon.
package struct ListenAddress: Hashable, Sendable {
    /// A name or an address; an IPv6 address without its brackets.
    package var host: String
    /// 0 takes a free port.
    package var port: Int
    /// Nobody named it: that it is taken is then only a warning.
    package var isDefault: Bool

    package static let standard = ListenAddress(host: "127.0.0.1", port: 7117, isDefault: true)

    package init(host: String, port: Int, isDefault: Bool = false) {
        self.host = host
        self.port = port
        self.isDefault = isDefault
    }

    /// Reads `HOST:PORT`, `[::1]:7117` or `none`.
    /// - Returns: nil for `none`.
    /// - Throws: ``ErrorCode/configuration`` for anything else.
    package static func parse(_ setting: Setting<String>) throws(BerthError) -> ListenAddress? {
        let text = setting.value
        if text == "none" { return nil }
        guard
            let match = text.wholeMatch(of: /(?:\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\]|([^\s:\[\]\/]+)):(\d{1,5})/),
            let host = match.1 ?? match.2, let port = Int(match.3), port <= 65_535
        else {
            throw .setting(
                setting.source,
                "'\(text)' is no address: write HOST:PORT, such as 127.0.0.1:7117 or [::1]:7117, or none")
        }
        return ListenAddress(host: String(host), port: port)
    }
}

extension ListenAddress: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
