import BerthCommandLine
import BerthCore
import Testing

@Suite struct `Mistakes in templates` {
    /// A mistake alone, in the lines of one template from the file's third on, and where it must be told.
    static let wrong: [(line: Int, lines: String, words: String)] = [
        (3, "allowed: everybody\nagents: { a: { command: [x] } }", "no key 'allowed'"),
        (3, "allow: [me]\nagents: { a: { command: [x] } }", "'me' is nobody who could be allowed"),
        (3, "allow: [daemon]\nagents: { a: { command: [x] } }", "'daemon' is nobody who could be allowed"),
        (3, "allow: ['token:a b']\nagents: { a: { command: [x] } }", "is nobody who could be allowed"),
        (3, "allow: []\nagents: { a: { command: [x] } }", "'allow' names nobody"),
        (3, "allow: [everybody, uid:1]\nagents: { a: { command: [x] } }", "others beside everybody"),
        (3, "user: [a]\nagents: { a: { command: [x] } }", "'user' must be a text"),
        (3, "pool: Web\nagents: { a: { command: [x] } }", "'Web' is no name for a pool"),
        (3, "pool: web\nagents: { a: { command: [x] } }", "there is no pool 'web'"),
        (3, "ready_seconds: 0\nagents: { a: { command: [x] } }", "'ready_seconds' must be a whole number from 1"),
        (3, "idle_seconds: 0\nagents: { a: { command: [x] } }", "'idle_seconds' must be a whole number from 1"),
        (3, "asleep: keep-ports\nagents: { a: { command: [x] } }", "'asleep' needs 'idle_seconds'"),
        (4, "idle_seconds: 5\nasleep: drop\nagents: { a: { command: [x] } }", "keep-ports, release-ports"),
        (3, "asleep: release-ports\nagents: { a: { command: [x] } }", "'asleep' needs 'idle_seconds'"),
        (3, "card: rewrites\nagents: { a: { command: [x] } }", "'card' must be one of: rewrite, passthrough"),
        (2, "card: rewrite", "a template needs agents"),
        (2, "agents: {}", "a template needs agents"),
        (3, "agents: [a]", "'agents' must be a mapping"),
        (3, "agents: { A: { command: [x] } }", "'A' is no name for an agent"),
        (4, "agents:\n  a: {}", "needs a command"),
        (4, "agents:\n  a: { command: [] }", "needs a command"),
        (4, "agents:\n  a: { command: python3 agent.py }", "'command' must be a list"),
        (4, "agents:\n  a: { command: ['', x] }", "the program, is empty"),
        (4, "agents:\n  a: { command: [x, ~] }", "'command' must be a list of texts"),
        (4, "agents:\n  a: { command: [x], restarts: never }", "no key 'restarts'"),
        (6, "agents:\n  a:\n    command: [x]\n    working_directory: srv", "'srv' is no absolute path"),
        (5, "agents:\n  a: { command: [x] }\n  b: { command: [x], ready: yes }", "'ready' must be tcp, card"),
        (4, "agents:\n  a: { command: [x], ready: { http: healthz } }", "is no path of a request"),
        (4, "agents:\n  a: { command: [x], ready: { http: '/a b' } }", "is no path of a request"),
        (4, "agents:\n  a: { command: [x], ready: { https: /x } }", "no key 'https'"),
        (4, "agents:\n  a: { command: [x], restart: sometimes }", "'restart' must be one of: always, on-failure"),
        (4, "agents:\n  a: { command: [x], restart: { policy: x } }", "'policy' must be one of"),
        (4, "agents:\n  a: { command: [x], restart: { backoff_seconds: -1 } }", "'backoff_seconds' must be a number"),
        (4, "agents:\n  a: { command: [x], restart: { backoff_seconds: 9, max_backoff_seconds: 1 } }", "is less than"),
        (4, "agents:\n  a: { command: [x], stop: { signal: STOP } }", "'STOP' is no signal to stop with"),
        (4, "agents:\n  a: { command: [x], stop: { grace_seconds: .inf } }", "'grace_seconds' must be a number"),
        (4, "agents:\n  a: { command: [x], stop: TERM }", "'stop' must be a mapping"),
        (4, "agents:\n  a: { command: [x], container: maybe }", "'container' must be true or false"),
        (4, "agents:\n  a: { command: [docker], container: true }", "needs {cidfile} in its command"),
        (4, "agents:\n  a: { command: [x, '{cidfile}'] }", "'container: true'"),
        (3, "environment: { A: '{cidfile}' }\nagents: { a: { command: [x] } }", "'container: true'"),
    ]

    static let wrongTexts: [(line: Int, lines: String, words: String)] = [
        (4, "agents:\n  a: { command: [x, '{prot}'] }", "nothing that {prot} stands for"),
        (4, "agents:\n  a: { command: [x, '{}'] }", "nothing that {} stands for"),
        (4, "agents:\n  a: { command: [x, '{port:b}'] }", "no agent 'b'; there are: a"),
        (4, "agents:\n  a: { command: [x, '{url:}'] }", "no agent ''"),
        (4, "agents:\n  a: { command: [x, '{port'] }", "a '{' is not closed"),
        (4, "agents:\n  a: { command: [x, 'port}'] }", "a '}' closes nothing"),
        (4, "agents:\n  a: { command: [\"x\\0y\"] }", "holds a NUL"),
        (4, "agents:\n  a: { command: [x], environment: { A: \"\\0\" } }", "holds a NUL"),
        (4, "agents:\n  a: { command: [x], environment: { 1A: b } }", "'1A' is no name of an environment variable"),
        (4, "agents:\n  a: { command: [x], environment: { 'A=B': b } }", "is no name of an environment variable"),
        (4, "agents:\n  a: { command: [x], environment: { BERTH_LEASE: 7 } }", "is Berth's own"),
        (4, "agents:\n  a: { command: [x], environment: { A: [b] } }", "'A' must be a text"),
        (4, "agents:\n  a: { command: [x], environment: { A: ~ } }", "'A' must be a text"),
        (5, "variables: { v: { pattern: x } }\nagents:\n  a: { command: [x, '-{v}'] }", "fills a part of '-{v}'"),
        (5, "variables: { v: { pattern: x } }\nagents:\n  a: { command: [x, '{v}{v}'] }", "fills a part"),
        (5, "variables: { v: { pattern: x } }\nagents:\n  a: { command: [x, '{v}{port}'] }", "fills a part"),
        (5, "variables: { v: { pattern: x } }\nagents:\n  a: { command: ['{v}'] }", "cannot be the program"),
        (4, "variables: { v: { pattern: x } }\nagents: { a: { command: [x], environment: { A: 'a{v}' } } }", "a part"),
        (3, "variables: { V: { pattern: x } }\nagents: { a: { command: [x] } }", "'V' is no name for a variable"),
        (3, "variables: { port: { pattern: x } }\nagents: { a: { command: [x] } }", "'port' is no name for a variable"),
        (3, "variables: { v: {} }\nagents: { a: { command: [x] } }", "needs a pattern"),
        (3, "variables: { v: x }\nagents: { a: { command: [x] } }", "'v' must be a mapping"),
        (3, "variables: { v: { pattern: '(' } }\nagents: { a: { command: [x] } }", "is no regular expression"),
        (3, "variables: { v: { pattern: '[a-z' } }\nagents: { a: { command: [x] } }", "is no regular expression"),
        (3, "variables: { v: { patern: x } }\nagents: { a: { command: [x] } }", "no key 'patern'"),
        (5, "variables:\n  v:\n    default: B\n    pattern: '[a-z]'\nagents: { a: { command: [x] } }", "must match"),
        (
            3, "variables: { v: { pattern: '[-a]+', default: -a } }\nagents: { a: { command: [x, '{v}'] } }",
            "begins with '-'"
        ),
    ]

    @Test(arguments: wrong + wrongTexts)
    func `are told with their line`(line: Int, lines: String, words: String) throws {
        let yaml = "templates:\n  t:\n" + lines.split(separator: "\n").map { "    \($0)\n" }.joined()
        let complaint = try #require(Configurations.complaint { try Configurations.load(yaml: yaml) }, "\(yaml)")
        let told = complaint.split(separator: "\n").filter { $0.contains(words) }
        #expect(told.count == 1 && told.first?.hasPrefix("/b.yaml, line \(line): ") == true, "\(complaint)")
    }

    @Test func `of their names are told too`() {
        for (yaml, words) in [
            ("templates: { T: { agents: { a: { command: [x] } } } }", "'T' is no name for a template"),
            ("templates: [t]", "'templates' must be a mapping"),
            ("templates: { t: {}, t: {} }", "more than once: t"),
            ("templates: { t: { agents: { a: { command: [x] }, a: {} } } }", "more than once: a"),
            ("templates: { t: [x] }", "'t' must be a mapping"),
        ] {
            let complaint = Configurations.complaint { try Configurations.load(yaml: yaml) }
            #expect(complaint?.hasPrefix("/b.yaml, line 1: ") == true && complaint?.contains(words) == true)
        }
    }

    @Test func `include more agents than a block may have ports`() throws {
        let agents = (1...5).map { "      a\($0): { command: [x] }\n" }.joined()
        for (pool, words) in [
            ("{ ports: [20000-20999], max_block: 4 }", "at most 4 ports (max_block)"),
            ("{ ports: [20000-20003, 20010-20013] }", "has 5 consecutive ports"),
        ] {
            let yaml = "pools:\n  default: \(pool)\ntemplates:\n  t:\n    pool: default\n    agents:\n" + agents
            let complaint = try #require(Configurations.complaint { try Configurations.load(yaml: yaml) })
            #expect(complaint.hasPrefix("/b.yaml, line 5: ") && complaint.contains(words), "\(complaint)")
        }
    }
}
