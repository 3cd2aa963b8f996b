import BerthCommandLine
import Testing

@Suite struct `Who may connect to the socket` {
    private func permissions(_ change: (inout ServeFlags) -> Void) throws -> SocketPermissions {
        try Configurations.load(Configurations.flags(change)).socketPermissions
    }

    @Test func `is its user alone where nobody says anything`() throws {
        #expect(try Configurations.load().socketPermissions == .standard)
        #expect(SocketPermissions.standard.mode == 0o600 && SocketPermissions.standard.group == nil)
    }

    @Test(
        arguments: [
            ("0600", 0o600), ("600", 0o600), ("0660", 0o660), ("660", 0o660), ("0666", 0o666),
        ] as [(String, UInt32)])
    func `is told by a mode`(text: String, mode: UInt32) throws {
        #expect(try permissions { $0.socketMode = text }.mode == mode)
    }

    @Test(arguments: ["", "0", "0700", "0640", "0620", "0606", "1660", "0o660", "rw-rw----", "00660", " 0660", "٠٦٦٠"])
    func `is told by no other mode`(text: String) {
        let complaint = Configurations.complaint {
            try Configurations.load(Configurations.flags { $0.socketMode = text })
        }
        #expect(complaint?.hasPrefix("--socket-mode: ") == true, "\(text): \(complaint ?? "no complaint")")
    }

    @Test func `is a group that is named beside a mode which lets it in`() throws {
        let permissions = try permissions {
            $0.socketMode = "0660"
            $0.socketGroup = "berth"
        }
        #expect(permissions.mode == 0o660 && permissions.group == "berth")
        let complaint = Configurations.complaint {
            try Configurations.load(Configurations.flags { $0.socketGroup = "berth" })
        }
        #expect(complaint?.hasPrefix("--socket-group: ") == true && complaint?.contains("--socket-mode 0660") == true)
    }

    /// YAML would take 0660 for a number, and a number for another one.
    @Test(arguments: ["socket_mode: 0660\nsocket_group: berth", "socket_mode: '0660'\nsocket_group: 'berth'"])
    func `is told by the file, which the environment beats, which a flag beats`(yaml: String) throws {
        let file = try Configurations.load(yaml: yaml).socketPermissions
        #expect(file.mode == 0o660 && file.group == "berth")
        let environment = ["BERTH_CONFIG": "/b.yaml", "BERTH_SOCKET_MODE": "0666", "BERTH_SOCKET_GROUP": "users"]
        let variables = try Configurations.load(environment: environment, files: ["/b.yaml": yaml]).socketPermissions
        #expect(variables.mode == 0o666 && variables.group == "users")
        let flags = Configurations.flags {
            $0.socketMode = "660"
            $0.socketGroup = "admins"
        }
        let all = try Configurations.load(flags, environment: environment, files: ["/b.yaml": yaml]).socketPermissions
        #expect(all.mode == 0o660 && all.group == "admins")
    }

    @Test(arguments: [
        (1, "socket_mode: [0660]", "'socket_mode' must be a text"), (2, "listen: none\nsocket_mode: 0640", "0640"),
        (1, "socket_group: berth", "--socket-mode 0660"),
    ])
    func `is refused with its line`(line: Int, yaml: String, words: String) throws {
        let complaint = try #require(Configurations.complaint { try Configurations.load(yaml: yaml) })
        #expect(complaint.hasPrefix("/b.yaml, line \(line): ") && complaint.contains(words), "\(complaint)")
    }
}
