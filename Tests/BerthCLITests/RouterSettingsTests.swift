import BerthCommandLine
import BerthCore
import Testing

@Suite struct `The router's address` {
    @Test func `is none unless somebody names it`() throws {
        #expect(try Configurations.load().router == nil)
        #expect(try Configurations.load(Configurations.flags { $0.router = "none" }).router == nil)
    }

    @Test func `comes from the file, the environment and the flag, one over the other`() throws {
        let yaml = "router: 127.0.0.1:7001"
        #expect(try Configurations.load(yaml: yaml).router == ListenAddress(host: "127.0.0.1", port: 7001))
        let environment = ["BERTH_CONFIG": "/b.yaml", "BERTH_ROUTER": "[::1]:7002"]
        #expect(
            try Configurations.load(environment: environment, files: ["/b.yaml": yaml]).router
                == ListenAddress(host: "::1", port: 7002))
        let flags = Configurations.flags { $0.router = "localhost:7003" }
        #expect(
            try Configurations.load(flags, environment: environment, files: ["/b.yaml": yaml]).router
                == ListenAddress(host: "localhost", port: 7003))
    }

    @Test func `is refused where it is none`() {
        #expect(throws: BerthError.self) { try Configurations.load(Configurations.flags { $0.router = "7118" }) }
    }
}
