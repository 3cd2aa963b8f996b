/// What stood on the command line of `berth serve`; nil and empty where it said nothing.
package struct ServeFlags: Sendable {
    package var config: String?
    package var database: String?
    package var socket: String?
    package var socketMode: String?
    package var socketGroup: String?
    package var listen: String?
    package var router: String?
    package var portserver: String?
    package var insecureListen = false
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var tokenFile: String?
    package var pools: [String] = []
    package var excluded: [String] = []
    package var maxSessions: Int?
    package var maxPortsPerSession: Int?
    package var maxWaiting: Int?
    package var maxRequestsPerSecond: Int?
    package var maxRequestBurst: Int?
    package var maxConnections: Int?
    package var quarantineSeconds: Double?
    package var logLevel: String?
    package var logFormat: String?
    package var allowedHosts: [String] = []

    package init() {}
}
