import NIOSSL

/// Whose certificates a client takes for a daemon's.
enum TrustedAuthorities {
    /// The system's, and those of a PEM file where one is named.
    /// - Throws: ``ClientError`` `configuration` when the file holds none.
    static func configuration(adding path: String?) throws(ClientError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        guard let path else { return configuration }
        do {
            configuration.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(path))]
        } catch {
            throw ClientError(
                code: "configuration", message: "The file \(path) holds no certificate in PEM form; see --tls-ca.",
                exitCode: 78)
        }
        return configuration
    }
}
