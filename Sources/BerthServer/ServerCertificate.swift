package import BerthCore
import BerthHost
import NIOCore
import NIOSSL
import Synchronization

/// What the TCP listener shows to its clients, and the key that goes with it.
///
/// It can be read anew while the daemon runs: connections that are made from then on get the new one, the others go on.
package final class ServerCertificate: Sendable {
    /// What a certificate says about itself.
    package struct Summary: Hashable, Sendable {
        /// Hexadecimal, as `openssl x509 -serial` prints it.
        package let serial: String
        /// The last moment at which it counts.
        package let end: Instant
    }

    /// How long a client may take to say goodbye where the daemon ends the connection.
    private static let goodbyeTime = TimeAmount.milliseconds(500)

    private let certificatePath: String
    private let keyPath: String
    private let shown: Mutex<NIOSSLContext>

    /// Reads PEM files.
    /// - Parameters:
    ///   - certificate: a path; the certificate comes first, then those that lead to its authority.
    ///   - key: the path of its private key, which nobody else may read.
    /// - Throws: ``ErrorCode/configuration`` when they can't be used.
    package init(certificate: String, key: String) throws(BerthError) {
        certificatePath = certificate
        keyPath = key
        shown = Mutex(try Self.read(certificate: certificate, key: key).context)
    }

    /// What new connections get.
    var context: NIOSSLContext { shown.withLock { $0 } }

    /// Reads the files again.
    /// - Throws: ``ErrorCode/configuration`` when they cannot be used; what was shown before is shown on.
    package func reload() throws(BerthError) -> Summary {
        let (context, summary) = try Self.read(certificate: certificatePath, key: keyPath)
        shown.withLock { $0 = context }
        return summary
    }

    private static func read(
        certificate path: String, key keyPath: String
    ) throws(BerthError) -> (context: NIOSSLContext, summary: Summary) {
        let chain = try chain(path)
        guard let leaf = chain.first else { throw wrong(path, "holds no certificate in PEM form") }
        let keyBytes = try CredentialFile.readSecret(keyPath)
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
        } catch {
            throw wrong(keyPath, "holds no private key in PEM form, or one behind a passphrase", error)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = goodbyeTime
        do {
            return (try NIOSSLContext(configuration: configuration), Summary(leaf))
        } catch {
            throw wrong(path, "and the key \(keyPath) do not go together", error)
        }
    }

    private static func chain(_ path: String) throws(BerthError) -> [NIOSSLCertificate] {
        let bytes = try CredentialFile.read(path)
        do {
            return try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw wrong(path, "holds no certificate in PEM form", error)
        }
    }

    private static func wrong(_ path: String, _ what: String, _ cause: (any Error)? = nil) -> BerthError {
        BerthError(.configuration, "The file \(path) \(what).", cause: cause)
    }
}

extension ServerCertificate.Summary {
    fileprivate init(_ certificate: NIOSSLCertificate) {
        serial = certificate.serialNumber.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
        end = Instant(milliseconds: Int64(certificate.notValidAfter) * 1000)
    }
}

extension ServerCertificate {
    /// How many bytes a connection keeps for what it sends; a long answer takes more for its time.
    private static let keptBytes = 64 * 1024

    /// Makes a new connection begin with a handshake. The bound on its first request counts for that too.
    func secure(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            var configuration = NIOSSLHandler.Configuration()
            configuration.maximumPreservedOutboundBufferCapacity = Self.keptBytes
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(
                    context: context, customVerificationCallback: nil, configuration: configuration))
        }
    }
}
