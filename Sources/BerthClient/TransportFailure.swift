import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// How a call failed without a reply. Only the first kind is sure to have changed nothing.
enum TransportFailure {
    /// No connection came about, so nothing was sent.
    case notConnected(reason: String)
    /// The socket file is there, and its mode keeps this user out.
    case denied
    /// Somebody answers over TLS who is not known to be the daemon.
    case untrusted(reason: String)
    /// No reply within the call's time.
    case timedOut
    /// The connection ended before the reply was complete.
    case lost

    /// Sorts what AsyncHTTPClient throws.
    init(_ error: any Error) {
        switch error {
        case let error as IOError: self.init(errno: error.errnoCode)
        case let error as NIOConnectionError:
            let reasons = error.connectionErrors.map { failure in
                (failure.error as? IOError).map { Self.words($0.errnoCode) } ?? "cannot connect"
            }
            self = .notConnected(reason: reasons.first ?? "the host's name is unknown")
        case let error as HTTPClientError where Self.connecting.contains(error):
            self = .notConnected(reason: "no answer in time")
        case let error as HTTPClientError where Self.waiting.contains(error): self = .timedOut
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self = .untrusted(reason: "its certificate is another host's; use a name or address that stands in it")
        case NIOSSLError.handshakeFailed(let reason):
            let isCertificate = "\(reason)".contains("CERTIFICATE_VERIFY_FAILED")
            self = .untrusted(
                reason: isCertificate
                    ? "its certificate has ended, or is of no authority that you trust; name its own with --tls-ca"
                    : "it does not speak TLS 1.2 or newer; does it speak http?")
        case let error as ChannelError:
            if case .connectTimeout = error { self = .notConnected(reason: "no answer in time") } else { self = .lost }
        default: self = .lost
        }
    }

    private init(errno code: CInt) {
        switch code {
        case EACCES, EPERM: self = .denied
        case ECONNRESET, EPIPE, ENOTCONN: self = .lost
        case ETIMEDOUT: self = .timedOut
        default: self = .notConnected(reason: Self.words(code))
        }
    }

    private static let connecting: [HTTPClientError] = [
        .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout,
    ]
    private static let waiting: [HTTPClientError] = [.deadlineExceeded, .readTimeout, .writeTimeout]

    private static func words(_ code: CInt) -> String {
        switch code {
        case ENOENT: "no such socket"
        case ECONNREFUSED: "nobody listens there"
        default: String(cString: strerror(code))
        }
    }
}

extension ClientError {
    init(_ failure: TransportFailure, at endpoint: Endpoint) {
        switch failure {
        case .notConnected(let reason): self = .noDaemon([(endpoint, reason)])
        case .denied:
            self.init(
                code: "access-denied",
                message: "The socket \(endpoint) does not let you in. Use the daemon's user, or --url with a token.",
                exitCode: 77)
        case .untrusted(let reason):
            self.init(
                code: "untrusted", message: "What answers at \(endpoint) is not trusted: \(reason).", exitCode: 77)
        case .timedOut:
            self.init(code: "timeout", message: "The daemon at \(endpoint) did not answer in time.", exitCode: 75)
        case .lost:
            self.init(
                code: "connection-lost",
                message: "The daemon at \(endpoint) closed the connection without an answer, so the outcome is not"
                    + " known. Look with: berth list",
                exitCode: 69)
        }
    }
}
