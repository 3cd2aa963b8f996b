import BerthCommandLine
import BerthCore
import BerthHost
import BerthServer
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

extension Daemon {
    /// What is listened on over TCP, looked up and read before anything is touched.
    struct Network {
        let listen: ListenAddress
        let target: ListenTarget
        let certificate: ServerCertificate?
        /// Of a certificate.
        let keeper: CertificateKeeper?
    }

    /// - Returns: nil where no TCP is wanted.
    /// - Throws: ``UsageError`` for an address that other hosts would reach in the clear; `configuration` for an address or
    ///   a certificate that cannot be used.
    func network() async throws -> Network? {
        guard let listen = configuration.listen else { return nil }
        let target = try ListenTarget.resolve(listen.host)
        switch configuration.listenRisk(isLoopback: target.isLoopback) {
        case .none: break
        case .accepted:
            logger.warning(
                "other hosts are spoken to in the clear, tokens included; name a --tls-certificate and its --tls-key",
                metadata: ["address": "\(listen)"])
        case .refused:
            throw UsageError(
                "\(listen) is open to other hosts, and in the clear whoever hears a request has its token. Name a"
                    + " certificate with --tls-certificate and --tls-key, listen on 127.0.0.1 alone, or say"
                    + " --insecure-listen where everybody on the way may know.")
        }
        guard let files = configuration.tls else {
            return Network(listen: listen, target: target, certificate: nil, keeper: nil)
        }
        let certificate = try ServerCertificate(certificate: files.certificate, key: files.key)
        let keeper = await CertificateKeeper(certificate: certificate, logger: logger)
        return Network(listen: listen, target: target, certificate: certificate, keeper: keeper)
    }

    /// Whether the TCP address can be had. Another program on the default one is worth a warning, on a named one an
    /// error.
    func checkListenAddress(_ network: Network) throws -> Bool {
        let listen = network.listen
        guard let failure = ListenCheck.failure(host: network.target.address, port: listen.port) else { return true }
        guard listen.isDefault else {
            throw BerthError(
                .configuration, "Cannot listen on \(listen.host):\(listen.port): \(failure). Name another --listen.")
        }
        logger.warning(
            "the default TCP address cannot be had; only the socket is served",
            metadata: ["address": "\(listen.host):\(listen.port)", "reason": "\(failure)"])
        return false
    }

    /// The API on TCP, and what keeps its certificate new.
    func networkServices(
        _ server: BerthServer, _ network: Network, _ tokenCheck: TokenCheck, _ announcement: Announcement
    ) throws -> [any Service] {
        let scheme: WebScheme = network.certificate == nil ? .http : .https
        let listener = try server.listener(
            at: .hostname(network.target.address, port: network.listen.port),
            gate: .network(tokenCheck, try HostCheck(allowedHosts: configuration.allowedHosts, scheme: scheme)),
            certificate: network.certificate
        ) { channel in
            announcement.isListening(at: "\(scheme.rawValue)://\(channel.localAddress?.berthDescription ?? "?")")
        }
        return [listener] + (network.keeper.map { [$0] } ?? [])
    }
}

extension SocketAddress {
    /// `127.0.0.1:7117` or `[::1]:7117`.
    fileprivate var berthDescription: String {
        let host = ipAddress ?? "?"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(port ?? 0)"
    }
}
