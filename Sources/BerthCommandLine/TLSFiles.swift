import BerthCore

/// The PEM files of what a TCP listener shows to its clients.
package struct TLSFiles: Hashable, Sendable {
    /// The path of the certificate, with those that lead from it to the authority behind it.
    package let certificate: String
    /// The path of its private key.
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// - Returns: nil where neither is named.
    static func load(_ flags: ServeFlags, _ layers: Layers, _ file: FileSettings) throws(BerthError) -> TLSFiles? {
        let certificate = layers.text(
            flags.tlsCertificate, "--tls-certificate", "BERTH_TLS_CERTIFICATE", file.tlsCertificate)
        let key = layers.text(flags.tlsKey, "--tls-key", "BERTH_TLS_KEY", file.tlsKey)
        for setting in [certificate, key].compactMap({ $0 }) where setting.value.isEmpty {
            throw .setting(setting.source, "the file needs a path")
        }
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate.value, key: key.value)
        case (let certificate?, nil):
            throw .setting(certificate.source, "a certificate is of no use without its key; name it with --tls-key")
        case (nil, let key?):
            throw .setting(key.source, "a key is of no use without its certificate; name it with --tls-certificate")
        }
    }
}
