/// Requests that name no host, several, or another one in their target, and those whose parts are none.
extension HostileRequest {
    static let foreignTargets: [HostileRequest] =
        requests(hostFields, 421, "forbidden-host") + requests(foreign, 421, "forbidden-host")
        + requests(paths, 404, "not-found") + requests(malformed, 400, "malformed-request")

    private static let own = "Host: 127.0.0.1:{port}"
    private static let evil = "Host: evil.example"

    private static let hostFields: [[String]] = [
        // None, or an empty one.
        [], ["Host:"], ["Host: \t "],
        // More than one, the daemon's own among them.
        [own, own], [own, evil], [evil, own], [own, "host: evil.example"],
        ["HOST: 127.0.0.1:{port}", "hOsT: 127.0.0.1:{port}"], [own, "Host:"], ["Host:", own],
        [own, "Accept: */*", own], [own, own, own], [own, "Host: localhost"],
        ["Host: localhost", "Host: localhost:{port}"],
        // Somebody else's, and words that it is not.
        [evil, "X-Forwarded-Host: 127.0.0.1:{port}"], [evil, "X-Forwarded-Host: localhost"],
        [evil, "X-Host: 127.0.0.1:{port}"], [evil, "X-Original-Host: 127.0.0.1:{port}"],
        [evil, "X-HTTP-Host-Override: 127.0.0.1:{port}"], [evil, "X-Forwarded-Server: 127.0.0.1:{port}"],
        [evil, "Forwarded: for=127.0.0.1;host=\"127.0.0.1:{port}\""], [evil, "X-Forwarded-For: 127.0.0.1"],
        [evil, "X-Real-IP: 127.0.0.1"], [evil, "Via: 1.1 localhost"], [evil, "X-Original-URL: /livez"],
        [evil, "X-Rewrite-URL: /livez"], [evil, "Origin: http://127.0.0.1:{port}"],
        [evil, "Referer: http://127.0.0.1:{port}/docs"], [evil, "Sec-Fetch-Site: same-origin"],
        [evil, "Sec-Fetch-Site: none"], [evil, "X-Requested-With: XMLHttpRequest"],
        [evil, "Authority: 127.0.0.1:{port}"],
    ]

    private static let foreign: [(String, [String])] = [
        // What is open without a token is so for the daemon's own hosts alone.
        ("GET /livez HTTP/1.1", [evil]), ("GET /readyz HTTP/1.1", [evil]), ("GET /openapi.json HTTP/1.1", [evil]),
        ("GET /docs HTTP/1.1", [evil]), ("GET /problems/unauthorized HTTP/1.1", [evil]),
        ("GET /metrics HTTP/1.1", [evil]), ("GET /v1/events HTTP/1.1", [evil]), ("GET /nothing HTTP/1.1", [evil]),
        // By whatever method.
        ("POST /v1/leases HTTP/1.1", [evil]), ("PUT /v1/leases HTTP/1.1", [evil]),
        ("DELETE /v1/leases HTTP/1.1", [evil]), ("PATCH /v1/leases HTTP/1.1", [evil]),
        ("OPTIONS /v1/leases HTTP/1.1", [evil]), ("TRACE /v1/leases HTTP/1.1", [evil]),
        ("PURGE /v1/leases HTTP/1.1", [evil]),
        // In the manner of HTTP/1.0.
        ("GET /v1/leases HTTP/1.0", []), ("GET /v1/leases HTTP/1.0", [evil]),
        // A target that names another host than Host does (RFC 9112, 3.2.2).
        ("GET http://evil.example/v1/leases HTTP/1.1", [own]),
        ("GET http://evil.example:{port}/v1/leases HTTP/1.1", [own]),
        ("GET HTTP://EVIL.EXAMPLE/v1/leases HTTP/1.1", [own]), ("GET http://evil.example HTTP/1.1", [own]),
        ("GET http://evil.example?x HTTP/1.1", [own]),
        ("GET http://localhost.evil.example:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://127.0.0.1:{port}.evil.example/v1/leases HTTP/1.1", [own]),
        ("GET http://127.0.0.1:{port}@evil.example/v1/leases HTTP/1.1", [own]),
        ("GET http://user@127.0.0.1:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://127.0.0.1/v1/leases HTTP/1.1", [own]), ("GET http://127.0.0.1:1/v1/leases HTTP/1.1", [own]),
        ("GET http://127.0.0.1:0{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://127.0.0.1:{port}:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://localhost:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://localhost.:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://127.0.0.2:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://2130706433:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://127.1:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://0.0.0.0:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http://[::1]:{port}/v1/leases HTTP/1.1", [own]), ("GET http://[::1/v1/leases HTTP/1.1", [own]),
        ("GET http://[]/v1/leases HTTP/1.1", [own]), ("GET http://:{port}/v1/leases HTTP/1.1", [own]),
        ("GET http:///v1/leases HTTP/1.1", [own]), ("GET http://evil%00.example/v1/leases HTTP/1.1", [own]),
        ("GET http://%6cocalhost:{port}/v1/leases HTTP/1.1", [own]),
        ("GET https://127.0.0.1:{port}/v1/leases HTTP/1.1", [own]),
        ("GET ftp://127.0.0.1:{port}/v1/leases HTTP/1.1", [own]),
        ("GET ws://127.0.0.1:{port}/v1/leases HTTP/1.1", [own]),
        ("GET wss://127.0.0.1:{port}/v1/leases HTTP/1.1", [own]),
        ("GET httpx://127.0.0.1:{port}/v1/leases HTTP/1.1", [own]), ("GET file:///v1/leases HTTP/1.1", [own]),
        ("GET file://127.0.0.1/v1/leases HTTP/1.1", [own]),
        // The daemon's own target, beside another Host or several.
        ("GET http://127.0.0.1:{port}/v1/leases HTTP/1.1", [evil]),
        ("GET http://127.0.0.1:{port}/v1/leases HTTP/1.1", ["Host: localhost:{port}"]),
        ("GET http://127.0.0.1:{port}/v1/leases HTTP/1.1", ["Host: 127.0.0.1"]),
        ("GET http://127.0.0.1:{port}/v1/leases HTTP/1.1", ["Host:"]),
        ("GET http://127.0.0.1:{port}/v1/leases HTTP/1.1", [own, own]),
        ("GET http://127.0.0.1:{port}/v1/leases HTTP/1.1", [own, evil]),
        // A foreign target and no Host at all.
        ("GET http://evil.example/v1/leases HTTP/1.1", []), ("GET http://evil.example/v1/leases HTTP/1.0", []),
        ("GET https://127.0.0.1:{port}/v1/leases HTTP/1.0", []),
        // The daemon as a proxy.
        ("CONNECT evil.example:443 HTTP/1.1", [own]), ("CONNECT localhost:{port} HTTP/1.1", [own]),
        ("CONNECT 127.0.0.1:22 HTTP/1.1", [own]), ("CONNECT evil.example:443 HTTP/1.1", ["Host: evil.example:443"]),
        ("CONNECT /v1/leases HTTP/1.1", [own]),
    ]

    private static let paths: [(String, [String])] = [
        // What only looks like an address is a path.
        ("GET //evil.example/v1/leases HTTP/1.1", [own]), ("GET /\\evil.example/v1/leases HTTP/1.1", [own]),
        ("GET /http://evil.example/v1/leases HTTP/1.1", [own]),
        ("GET /v1/leases%0d%0aHost:%20evil.example HTTP/1.1", [own]), ("OPTIONS * HTTP/1.1", [own]),
    ]

    private static let malformed: [(String, [String])] = [
        // Targets that are none.
        ("GET evil.example/v1/leases HTTP/1.1", [own]), ("GET v1/leases HTTP/1.1", [own]),
        ("GET ?x HTTP/1.1", [own]), ("GET http:/v1/leases HTTP/1.1", [own]), ("GET http:v1/leases HTTP/1.1", [own]),
        ("GET http://@@/v1/leases HTTP/1.1", [own]), ("GET http://evil example/v1/leases HTTP/1.1", [own]),
        ("GET http://evil|example/v1/leases HTTP/1.1", [own]), ("GET http://evil.example#x HTTP/1.1", [own]),
        ("GET http+unix://x/v1/leases HTTP/1.1", [own]), ("GET x-y://127.0.0.1/v1/leases HTTP/1.1", [own]),
        ("GET http://ёvil.example/v1/leases HTTP/1.1", [own]),
        // Fields that one parser takes for Host and another does not.
        ("GET /v1/leases HTTP/1.1", ["Host : 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", [" Host: 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["Host\t: 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["Host: 127.0.0.1:{port}\r\n evil.example"]),
        ("GET /v1/leases HTTP/1.1", ["Host:\r\n 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["Host: evil.example\r\n\t127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["Host: 127.0.0.1:{port}\0"]),
        ("GET /v1/leases HTTP/1.1", ["Host: 127.0.0.1:{port}\u{1}"]),
        ("GET /v1/leases HTTP/1.1", ["Host: 127.0.0.1:{port}\u{7f}"]),
        ("GET /v1/leases HTTP/1.1", ["Host: 127.0.0.1:{port}\u{b}"]),
        ("GET /v1/leases HTTP/1.1", ["Host: 127.0.0.1:{port}\rHost: evil.example"]),
        ("GET /v1/leases HTTP/1.1", ["Host: 127.0.0.1:{port}\nHost: evil.example"]),
        ("GET /v1/leases HTTP/1.1", ["Host"]), ("GET /v1/leases HTTP/1.1", ["Host= 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["Host;: 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["Ho st: 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", [":authority: 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["\0Host: 127.0.0.1:{port}"]),
        ("GET /v1/leases HTTP/1.1", ["Hоst: 127.0.0.1:{port}"]),
        // Versions that are not spoken.
        ("GET /v1/leases", [own]), ("GET /v1/leases HTTP/0.9", [own]), ("GET /v1/leases HTTP/2.0", [own]),
        ("PRI * HTTP/2.0", [own]), ("get /v1/leases HTTP/1.1", [own]), ("GET /v1/leases http/1.1", [own]),
    ]
}
