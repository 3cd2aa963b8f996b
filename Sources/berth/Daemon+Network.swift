import BerthCommandLine
import BerthCore
import BerthHost
import BerthLeasing
import BerthRouter
import BerthServer
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

extension Daemon {
    /// What is listened on over TCP, looked up and read before anything is touched.
    struct Networks {
        /// Nil where no TCP is wanted.
        let api: Network?
        let router: Network?
        /// Of a certificate, which both show.
        let keeper: CertificateKeeper?
    }

    /// One TCP address.
    struct Network {
        /// What names it on the command line.
        let option: String
        let listen: ListenAddress
        let target: ListenTarget
        let certificate: ServerCertificate?

        var scheme: WebScheme { certificate == nil ? .http : .https }
    }

    /// - Throws: ``UsageError`` for an address that other hosts would reach in the clear; `configuration` for an address or
    ///   a certificate that cannot be used.
    func networks() async throws -> Networks {
        let api = try configuration.listen.map { ($0, try target($0)) }
        let router = try configuration.router.map { ($0, try target($0)) }
        var certificate: ServerCertificate?
        if let files = configuration.tls, api != nil || router != nil {
            certificate = try ServerCertificate(certificate: files.certificate, key: files.key)
        }
        var keeper: CertificateKeeper?
        if let certificate { keeper = await CertificateKeeper(certificate: certificate, logger: logger) }
        return Networks(
            api: api.map { Network(option: "--listen", listen: $0, target: $1, certificate: certificate) },
            router: router.map { Network(option: "--router", listen: $0, target: $1, certificate: certificate) },
            keeper: keeper)
    }

    /// The address, where it may be listened on.
    private func target(_ listen: ListenAddress) throws -> ListenTarget {
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
        return target
    }

    /// Whether the TCP address can be had. Another program on the default one is worth a warning, on a named one an
    /// error.
    func checkListenAddress(_ network: Network) throws -> Bool {
        let listen = network.listen
        guard let failure = ListenCheck.failure(host: network.target.address, port: listen.port) else { return true }
        guard listen.isDefault else {
            throw BerthError(
                .configuration,
                "Cannot listen on \(listen.host):\(listen.port): \(failure). Name another \(network.option).")
        }
        logger.warning(
            "the default TCP address cannot be had; only the socket is served",
            metadata: ["address": "\(listen.host):\(listen.port)", "reason": "\(failure)"])
        return false
    }

    /// The API on TCP.
    func networkService(
        _ server: BerthServer, _ network: Network, _ tokenCheck: TokenCheck, _ announcement: Announcement
    ) throws -> any Service {
        let scheme = network.scheme
        return try server.listener(
            at: .hostname(network.target.address, port: network.listen.port),
            gate: .network(tokenCheck, try HostCheck(allowedHosts: configuration.allowedHosts, scheme: scheme)),
            certificate: network.certificate
        ) { channel in
            announcement.isListening(at: "\(scheme.rawValue)://\(channel.localAddress?.berthDescription ?? "?")")
        }
    }

    /// The router.
    func router(
        _ network: Network, _ manager: LeaseManager, _ tokenCheck: TokenCheck, _ front: AgentFront
    ) throws -> any Service {
        let scheme = network.scheme
        let parts = RouterParts(
            table: manager.routes,
            gate: RouterGuard(tokens: tokenCheck, key: front.key),
            hosts: try HostCheck(allowedHosts: configuration.allowedHosts, scheme: scheme),
            certificate: network.certificate,
            transform: CardTransform { [routes = manager.routes] in routes.agents(of: $0.lease) }, logger: logger)
        let announcement = Announcement(configuration: configuration, logger: logger)
        return RouterService(host: network.target.address, port: network.listen.port, parts: parts) { address in
            let url = "\(scheme.rawValue)://\(address?.berthDescription ?? "?")"
            front.isRouting(at: url)
            announcement.isRouting(at: url)
        }
    }
}

extension SocketAddress {
    /// `127.0.0.1:7117` or `[::1]:7117`.
    fileprivate var berthDescription: String {
        let host = ipAddress ?? "?"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(port ?? 0)"
    }
}
