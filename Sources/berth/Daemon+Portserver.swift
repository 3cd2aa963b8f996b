import BerthCommandLine
import BerthCore
import BerthHost
import BerthServer
import Logging
import ServiceLifecycle

extension Daemon {
    /// The portserver protocol, where it is wanted. Its ports are of the pool `default`, or the first one.
    func portserver(_ server: BerthServer, _ peers: Peers, _ access: SocketAccess) throws -> Portserver? {
        guard let address = configuration.portserver, let first = configuration.pools.first?.name else { return nil }
        let descriptor: Int32
        switch address {
        case .abstract(let name): descriptor = try UnixListener.bind(abstract: name)
        case .file(let path):
            descriptor = try UnixListener.bind(file: path)
            try access.apply(to: path)
        }
        let isStandardThere = configuration.pools.contains { $0.name == .standard }
        return server.portserver(
            on: descriptor, peers: peers, pool: isStandardThere ? .standard : first, admits: access.admits
        ) { [logger] in
            logger.notice("serving portpicker", metadata: ["PORTSERVER_ADDRESS": "\(address)"])
        }
    }
}
