import NIOCore
import NIOHTTP1

/// Makes the host that a request's target names one more `Host` of the request, unless it is the one that `Host` names.
///
/// A target such as `http://evil.example/v1/leases` names a host by itself, and RFC 9112, 3.2.2 lets that one count.
/// What becomes of the request behind this handler keeps the target's path alone, and nobody could tell any more that
/// two hosts were named.
final class TargetHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let scheme: WebScheme

    init(scheme: WebScheme) { self.scheme = scheme }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data),
            let named = Self.host(of: head.uri, isConnect: head.method == .CONNECT, scheme)
        else {
            context.fireChannelRead(data)
            return
        }
        for host in Self.further(named, beside: head.headers["Host"]) { head.headers.add(name: "Host", value: host) }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// The host that is named beside the fields: none when they name it already.
    static func further(_ named: String, beside hosts: [String]) -> [String] {
        guard hosts.count == 1, let host = Authority(hosts[0]), host == Authority(named) else { return [named] }
        return []
    }

    /// What a target names as its host; nil for one that is a path. A target of another scheme names nothing of ours, and
    /// stands for itself.
    static func host(of target: String, isConnect: Bool, _ scheme: WebScheme) -> String? {
        if isConnect { return target }
        guard target.first != "/", let mark = target.firstRange(of: "://") else { return nil }
        guard target[..<mark.lowerBound].lowercased() == scheme.rawValue else { return target }
        return String(target[mark.upperBound...].prefix { !"/?#".contains($0) })
    }
}
