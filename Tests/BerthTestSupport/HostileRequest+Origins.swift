/// Requests that a browser sends for pages of other origins, and what looks like the daemon's own.
extension HostileRequest {
    static let foreignOrigins: [HostileRequest] =
        requests(with("Origin", originValues), 403, "forbidden-origin")
        + requests(with("Sec-Fetch-Site", siteValues), 403, "forbidden-origin")
        + requests(originFields, 403, "forbidden-origin") + requests(errands, 403, "forbidden-origin")

    /// The daemon's own host and one more field, a request for each value.
    private static func with(_ name: String, _ values: [String]) -> [[String]] {
        values.map { [own, "\(name): \($0)"] }
    }

    private static let own = "Host: 127.0.0.1:{port}"

    private static let originValues: [String] = [
        // Pages elsewhere.
        "http://evil.example", "https://evil.example", "http://evil.example:{port}",
        "http://localhost.evil.example:{port}", "http://127.0.0.1.evil.example:{port}",
        "http://sub.localhost:{port}", "http://localhostx:{port}", "http://host.docker.internal:{port}",
        "http://192.168.0.1:{port}", "null", "NULL", "undefined", "*", "self", "same-origin",
        // Other ports and schemes of this host.
        "http://127.0.0.1", "http://localhost", "http://127.0.0.1:80", "http://127.0.0.1:1", "http://localhost:3000",
        "http://localhost:{port}0", "http://localhost:0{port}", "http://localhost:+{port}", "http://localhost:",
        "http://localhost:0", "http://localhost:99999", "https://127.0.0.1:{port}", "https://localhost:{port}",
        "https://localhost", "ws://127.0.0.1:{port}", "wss://localhost:{port}", "ftp://127.0.0.1:{port}", "file://",
        "file:///", "file://localhost", "data:", "about:blank", "blob:http://127.0.0.1:{port}",
        "filesystem:http://127.0.0.1:{port}", "javascript:alert(1)",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "moz-extension://127.0.0.1:{port}",
        "vscode-webview://localhost:{port}", "app://localhost:{port}", "capacitor://localhost", "tauri://localhost",
        "http+unix://127.0.0.1:{port}", "http-evil://127.0.0.1:{port}", "xhttp://127.0.0.1:{port}",
        // Other spellings of the daemon's own.
        "http://127.0.0.2:{port}", "http://127.1:{port}", "http://2130706433:{port}", "http://0x7f000001:{port}",
        "http://0177.0.0.1:{port}", "http://0.0.0.0:{port}", "http://0:{port}", "http://[::1]:{port}",
        "http://[::ffff:127.0.0.1]:{port}", "http://[127.0.0.1]:{port}", "http://localhost.:{port}",
        "http://127.0.0.1.:{port}", "http://lоcalhost:{port}", "http://ｌｏｃａｌｈｏｓｔ:{port}",
        "http://%6cocalhost:{port}",
        // What is no origin.
        "http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/docs", "http://127.0.0.1:{port}?x",
        "http://127.0.0.1:{port}#x", "http://user@127.0.0.1:{port}", "http://@127.0.0.1:{port}",
        "http://127.0.0.1:{port}@evil.example", "http://evil.example#@127.0.0.1:{port}",
        "http://evil.example?http://127.0.0.1:{port}", "http://127.0.0.1:{port}\\.evil.example",
        "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port};", "http://127.0.0.1:{port},",
        "http://127.0.0.1:{port} http://evil.example", "http://evil.example http://127.0.0.1:{port}",
        "http://127.0.0.1:{port}, http://evil.example", "http://evil.example, http://127.0.0.1:{port}",
        "http://127.0.0.1:{port}http://evil.example", "http://http://127.0.0.1:{port}", "http:// 127.0.0.1:{port}",
        "http:/127.0.0.1:{port}", "http:127.0.0.1:{port}", "//127.0.0.1:{port}", "127.0.0.1:{port}", "localhost",
        "http://", "http:", "http://:{port}", "\"http://127.0.0.1:{port}\"", "<http://127.0.0.1:{port}>",
    ]

    private static let originFields: [[String]] = [
        // More than one, or an empty one.
        [own, "Origin: http://127.0.0.1:{port}", "Origin: http://127.0.0.1:{port}"],
        [own, "Origin: http://127.0.0.1:{port}", "Origin: http://evil.example"],
        [own, "Origin: http://evil.example", "Origin: http://127.0.0.1:{port}"],
        [own, "Origin: http://127.0.0.1:{port}", "Origin: null"],
        [own, "origin: http://127.0.0.1:{port}", "ORIGIN: http://127.0.0.1:{port}"], [own, "Origin:"],
        [own, "Origin: ", "Origin: http://127.0.0.1:{port}"],
        // An own one, and words that the page is another's.
        [own, "Origin: http://127.0.0.1:{port}", "Sec-Fetch-Site: cross-site"],
        [own, "Origin: http://127.0.0.1:{port}", "Sec-Fetch-Site: same-site"],
        [own, "Origin: http://127.0.0.1:{port}", "Sec-Fetch-Site: "],
        // More than one site, or an empty one.
        [own, "Sec-Fetch-Site:"], [own, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: same-origin"],
        [own, "Sec-Fetch-Site: none", "Sec-Fetch-Site: none"],
        [own, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"],
        [own, "sec-fetch-site: cross-site", "Sec-Fetch-Site: none"], [own, "SEC-FETCH-SITE: cross-site"],
    ]

    private static let siteValues: [String] = [
        "cross-site", "same-site", "Cross-Site", "SAME-ORIGIN", "Same-Origin", "None", "same-origin, cross-site",
        "cross-site, same-origin", "none, cross-site", "same-origin, same-origin", "same-origin;x",
        "same-origin cross-site", "\"same-origin\"", "same_origin", "sameorigin", "origin", "unknown", "null", "?1",
        "*",
    ]

    private static let errands: [(String, [String])] = [
        // Images, frames, links and scripts of other pages, where a browser sends no Origin.
        (
            "GET /livez HTTP/1.1",
            [own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"]
        ),
        (
            "GET /metrics HTTP/1.1",
            [own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"]
        ),
        (
            "GET /docs HTTP/1.1",
            [own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"]
        ),
        (
            "GET /docs HTTP/1.1",
            [
                own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document",
                "Sec-Fetch-User: ?1",
            ]
        ),
        ("GET /openapi.json HTTP/1.1", [own, "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"]),
        (
            "GET /v1/events HTTP/1.1",
            [own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: empty", "Accept: text/event-stream"]
        ),
        ("GET /problems/unauthorized HTTP/1.1", [own, "Sec-Fetch-Site: cross-site"]),
        ("DELETE /v1/sessions/alice HTTP/1.1", [own, "Sec-Fetch-Site: cross-site"]),
        ("GET http://127.0.0.1:{port}/v1/leases HTTP/1.1", [own, "Sec-Fetch-Site: cross-site"]),
        // Questions of a browser whether a page may.
        (
            "OPTIONS /v1/leases HTTP/1.1",
            [
                own, "Origin: http://evil.example", "Access-Control-Request-Method: POST",
                "Access-Control-Request-Headers: authorization,content-type",
            ]
        ),
        (
            "OPTIONS /v1/leases/1 HTTP/1.1",
            [own, "Origin: http://evil.example", "Access-Control-Request-Method: DELETE"]
        ),
        (
            "OPTIONS /v1/leases HTTP/1.1",
            [
                own, "Origin: http://evil.example", "Access-Control-Request-Method: POST",
                "Access-Control-Request-Private-Network: true",
            ]
        ),
        (
            "OPTIONS /v1/leases HTTP/1.1",
            [
                own, "Origin: http://evil.example", "Access-Control-Request-Method: POST",
                "Access-Control-Request-Local-Network: true",
            ]
        ),
        ("OPTIONS /v1/leases HTTP/1.1", [own, "Origin: null", "Access-Control-Request-Method: POST"]),
        ("OPTIONS * HTTP/1.1", [own, "Origin: http://evil.example"]),
        (
            "OPTIONS /v1/leases HTTP/1.1",
            ["Host: localhost:{port}", "Origin: http://localhost:3000", "Access-Control-Request-Method: POST"]
        ),
        // A socket of another page.
        (
            "GET /v1/events HTTP/1.1",
            [
                own, "Origin: http://evil.example", "Connection: Upgrade", "Upgrade: websocket",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ]
        ),
    ]
}
