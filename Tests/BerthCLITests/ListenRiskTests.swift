import BerthCommandLine
import Testing

@Suite struct `Listening wider than loopback` {
    private func configuration(_ change: (inout ServeFlags) -> Void = { _ in }) throws -> ServeConfiguration {
        try Configurations.load(Configurations.flags(change))
    }

    @Test func `is refused unless it is encrypted, or somebody says that it may be heard`() throws {
        let bare = try configuration()
        #expect(bare.listenRisk(isLoopback: false) == .refused && bare.listenRisk(isLoopback: true) == .none)
        let insecure = try configuration { $0.insecureListen = true }
        #expect(insecure.listenRisk(isLoopback: false) == .accepted && insecure.listenRisk(isLoopback: true) == .none)
        let encrypted = try configuration {
            $0.tlsCertificate = "/c"
            $0.tlsKey = "/k"
            $0.insecureListen = true
        }
        #expect(encrypted.tls == TLSFiles(certificate: "/c", key: "/k"))
        #expect(encrypted.listenRisk(isLoopback: false) == .none && encrypted.listenRisk(isLoopback: true) == .none)
    }

    @Test func `is told by the file, which the environment beats, which a flag beats`() throws {
        let yaml = "tls_certificate: /file/c\ntls_key: /file/k\ninsecure_listen: true"
        let file = try Configurations.load(yaml: yaml)
        #expect(file.tls == TLSFiles(certificate: "/file/c", key: "/file/k") && file.isInsecureListenAllowed)
        let environment = [
            "BERTH_CONFIG": "/b.yaml", "BERTH_TLS_CERTIFICATE": "/env/c", "BERTH_TLS_KEY": "/env/k",
            "BERTH_INSECURE_LISTEN": "0",
        ]
        let variables = try Configurations.load(environment: environment, files: ["/b.yaml": yaml])
        #expect(variables.tls == TLSFiles(certificate: "/env/c", key: "/env/k") && !variables.isInsecureListenAllowed)
        let flags = Configurations.flags {
            $0.tlsCertificate = "/flag/c"
            $0.tlsKey = "/flag/k"
            $0.insecureListen = true
        }
        let all = try Configurations.load(flags, environment: environment, files: ["/b.yaml": yaml])
        #expect(all.tls == TLSFiles(certificate: "/flag/c", key: "/flag/k") && all.isInsecureListenAllowed)
    }

    @Test(arguments: [("1", true), ("true", true), ("0", false), ("false", false), ("", false)])
    func `is allowed by a variable that says so`(text: String, isAllowed: Bool) throws {
        let configuration = try Configurations.load(environment: ["BERTH_INSECURE_LISTEN": text])
        #expect(configuration.isInsecureListenAllowed == isAllowed)
    }

    @Test func `needs a certificate and a key`() {
        let wrong: [(String, (inout ServeFlags) -> Void)] = [
            ("--tls-certificate: ", { $0.tlsCertificate = "/c" }), ("--tls-key: ", { $0.tlsKey = "/k" }),
            ("--tls-certificate: ", { ($0.tlsCertificate, $0.tlsKey) = ("", "/k") }),
            ("--tls-key: ", { ($0.tlsCertificate, $0.tlsKey) = ("/c", "") }),
        ]
        for (start, change) in wrong {
            let complaint = Configurations.complaint { try configuration(change) }
            #expect(complaint?.hasPrefix(start) == true, "\(complaint ?? "no complaint")")
        }
        let variable = Configurations.complaint { try Configurations.load(environment: ["BERTH_TLS_KEY": "/k"]) }
        #expect(variable?.hasPrefix("BERTH_TLS_KEY: ") == true)
    }

    @Test(arguments: [
        (1, "insecure_listen: yes", "'insecure_listen' must be true or false"),
        (1, "insecure_listen: 'true'", "must be true or false"), (1, "insecure_listen: 1", "must be true or false"),
        (2, "listen: none\ntls_key: /k", "--tls-certificate"), (1, "tls_certificate: [/c]", "must be a text"),
    ])
    func `is refused with its line`(line: Int, yaml: String, words: String) throws {
        let complaint = try #require(Configurations.complaint { try Configurations.load(yaml: yaml) })
        #expect(complaint.hasPrefix("/b.yaml, line \(line): ") && complaint.contains(words), "\(complaint)")
    }

    @Test(arguments: ["yes", "2", "TRUE"])
    func `is not allowed by a variable that says something else`(text: String) {
        let complaint = Configurations.complaint {
            try Configurations.load(environment: ["BERTH_INSECURE_LISTEN": text])
        }
        #expect(complaint?.hasPrefix("BERTH_INSECURE_LISTEN: ") == true)
    }
}
