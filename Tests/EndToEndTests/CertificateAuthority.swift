/// An authority of a test's own, which gives certificates out through another one between them. Made by `openssl`.
struct CertificateAuthority {
    /// Where a certificate with its chain, and its key, are.
    struct Issue {
        let certificate: String
        let key: String

        /// What makes a daemon show it.
        var flags: [String] { ["--tls-certificate", certificate, "--tls-key", key] }
    }

    private let folder: TemporaryFolder
    private var middle: Issue { Issue(certificate: folder.file("middle.pem"), key: folder.file("middle.key")) }

    /// The authority's own certificate, which is all that clients know.
    var root: String { folder.file("root.pem") }

    init(in folder: TemporaryFolder) throws {
        self.folder = folder
        try make(Issue(certificate: root, key: folder.file("root.key")), "/CN=test root", [])
        try make(
            middle, "/CN=test middle",
            ["-CA", root, "-CAkey", folder.file("root.key"), "-addext", "basicConstraints=critical,CA:TRUE"])
    }

    /// A certificate for this host; `serial` is hexadecimal.
    func issue(_ name: String, serial: String, for names: String = "IP:127.0.0.1,DNS:localhost") throws -> Issue {
        let issue = Issue(certificate: folder.file("\(name).pem"), key: folder.file("\(name).key"))
        try make(
            issue, "/CN=test berth",
            [
                "-CA", middle.certificate, "-CAkey", middle.key, "-set_serial", "0x\(serial)", "-addext",
                "subjectAltName=\(names)", "-addext", "basicConstraints=critical,CA:FALSE",
            ])
        let chain = TemporaryFolder.bytes(issue.certificate) + TemporaryFolder.bytes(middle.certificate)
        try TemporaryFolder.write(chain, to: issue.certificate)
        return issue
    }

    private func make(_ issue: Issue, _ subject: String, _ more: [String]) throws {
        let command = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", subject, "-keyout", issue.key, "-out", issue.certificate,
        ]
        let tool = try HostTool(command + more, in: folder)
        guard tool.code == 0 else { throw HarnessError("openssl made no certificate: \(tool.errors)") }
    }
}
