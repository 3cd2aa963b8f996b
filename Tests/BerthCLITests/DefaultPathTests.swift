import BerthCommandLine
import Testing

@Suite struct `Choosing paths` {
    struct Case: Sendable, CustomTestStringConvertible {
        let environment: [String: String]
        let database: String
        let socket: String
        let token: String
        var testDescription: String { "\(environment)" }

        init(_ environment: [String: String], _ database: String, _ socket: String, _ token: String) {
            self.environment = environment
            self.database = database
            self.socket = socket
            self.token = token
        }
    }

    static let own = "/home/u/.local/state/berth"
    static let cases = [
        Case([:], "\(own)/berth.db", "\(own)/berth.sock", "\(own)/token"),
        Case(["XDG_STATE_HOME": "/s/"], "/s/berth/berth.db", "/s/berth/berth.sock", "/s/berth/token"),
        Case(["XDG_STATE_HOME": "relative"], "\(own)/berth.db", "\(own)/berth.sock", "\(own)/token"),
        Case(["XDG_STATE_HOME": ""], "\(own)/berth.db", "\(own)/berth.sock", "\(own)/token"),
        Case(
            ["STATE_DIRECTORY": "/var/lib/berth", "RUNTIME_DIRECTORY": "/run/berth", "XDG_STATE_HOME": "/s"],
            "/var/lib/berth/berth.db", "/run/berth/berth.sock", "/var/lib/berth/token"),
        Case(
            ["STATE_DIRECTORY": "/var/lib/berth:/var/lib/other"], "/var/lib/berth/berth.db",
            "/var/lib/berth/berth.sock", "/var/lib/berth/token"),
        Case(["BERTH_DATABASE": "/d/x.db"], "/d/x.db", "/d/berth.sock", "/d/token"),
        Case(["BERTH_DATABASE": "x.db"], "x.db", "berth.sock", "token"),
        Case(
            ["BERTH_DATABASE": "/d/x.db", "BERTH_SOCKET": "/e/s", "BERTH_TOKEN_FILE": "/f/t"], "/d/x.db", "/e/s",
            "/f/t"),
    ]

    @Test(arguments: cases)
    func `follows the environment`(case: Case) throws {
        let configuration = try Configurations.load(environment: `case`.environment)
        #expect(configuration.database == `case`.database)
        #expect(configuration.socket == `case`.socket)
        #expect(configuration.tokenFile == `case`.token)
    }

    @Test func `complains where there is no home`() {
        let complaint = Configurations.complaint { try Configurations.load(environment: ["HOME": ""]) }
        #expect(complaint?.contains("--database") == true)
    }

    @Test func `serves no socket when told none`() throws {
        #expect(try Configurations.load(environment: ["BERTH_SOCKET": "none"]).socket == nil)
        #expect(try Configurations.load(Configurations.flags { $0.socket = "none" }).socket == nil)
    }

    @Test func `refuses a socket path that the kernel has no room for`() {
        let path = "/" + String(repeating: "s", count: 107)
        let complaint = Configurations.complaint { try Configurations.load(Configurations.flags { $0.socket = path }) }
        #expect(complaint?.hasPrefix("--socket: ") == true)
        #expect(throws: Never.self) {
            try Configurations.load(Configurations.flags { $0.socket = String(path.dropLast()) })
        }
    }

    @Test func `reads the standard configuration file only where it exists`() throws {
        let path = "/home/u/.config/berth/berth.yaml"
        #expect(try Configurations.load().configurationFile == nil)
        let configuration = try Configurations.load(files: [path: "log_level: debug"])
        #expect(configuration.configurationFile == path)
        #expect(configuration.logLevel == "debug")
        let elsewhere = try Configurations.load(
            environment: ["XDG_CONFIG_HOME": "/c"], files: [path: "log_level: debug", "/c/berth/berth.yaml": ""])
        #expect(elsewhere.configurationFile == "/c/berth/berth.yaml")
        #expect(elsewhere.logLevel == "info")
    }

    @Test func `insists on a configuration file that was named`() {
        let byFlag = Configurations.complaint { try Configurations.load(Configurations.flags { $0.config = "/no" }) }
        #expect(byFlag == "--config: there is no file /no")
        let byVariable = Configurations.complaint { try Configurations.load(environment: ["BERTH_CONFIG": "/no"]) }
        #expect(byVariable == "BERTH_CONFIG: there is no file /no")
    }
}
