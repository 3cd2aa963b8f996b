import BerthCore
import BerthServer
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the listener's certificate anew at each SIGHUP: what renews certificates sends one, or `systemctl reload`.
struct CertificateKeeper: Service {
    private let certificate: ServerCertificate
    private let logger: Logger
    private let signals: UnixSignalsSequence

    /// A SIGHUP no longer ends the process from here on, and none is lost until ``run()``.
    init(certificate: ServerCertificate, logger: Logger) async {
        self.certificate = certificate
        self.logger = logger
        signals = await UnixSignalsSequence(trapping: .sighup)
    }

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            do {
                let now = try certificate.reload()
                logger.notice(
                    "new connections get the certificate that was read",
                    metadata: ["serial": "\(now.serial)", "expires": "\(now.end)"])
            } catch {
                logger.error(
                    "the certificate cannot be read, and stays the one it was",
                    metadata: ["reason": "\(error.message)", "cause": "\(error.cause.map { "\($0)" } ?? "-")"])
            }
        }
    }
}
