/// Bodies that a page can send without being asked whether it may (https://fetch.spec.whatwg.org/#cors-safelisted-method),
/// and types that are only nearly JSON.
extension HostileRequest {
    static let foreignBodies: [HostileRequest] = forms + nearly + elsewhere

    private static let forms: [HostileRequest] = simpleTypes.flatMap { type in
        let said = "Content-Type: \(type)"
        return [
            post([own, "Origin: http://evil.example", said], 403, "forbidden-origin"),
            post([own, "Sec-Fetch-Site: cross-site", said], 403, "forbidden-origin"),
            // A browser that says nothing of where the page is from: a page has no token all the same.
            post([own, said], isAuthorized: false, 401, "unauthorized"),
        ]
    }

    private static let nearly: [HostileRequest] = (types.map { ["Content-Type: \($0)"] } + typeFields).map { fields in
        post([own] + fields, 415, "unsupported-media-type")
    }

    private static let elsewhere: [HostileRequest] = routes.map { route in
        HostileRequest(
            line: "\(route) HTTP/1.1", [own, "Content-Type: text/plain"], body: "{}", 415, "unsupported-media-type")
    }

    private static func post(
        _ fields: [String], isAuthorized: Bool = true, _ status: Int, _ code: String
    ) -> HostileRequest {
        HostileRequest(
            line: "POST /v1/leases HTTP/1.1", fields, body: #"{"session":"a","count":1}"#, isAuthorized: isAuthorized,
            status, code)
    }

    private static let own = "Host: 127.0.0.1:{port}"

    private static let simpleTypes: [String] = [
        "text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ]

    private static let types: [String] = [
        "text/plain", "text/plain;charset=UTF-8", "TEXT/PLAIN", "text/plain; application/json",
        "text/plain, application/json", "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=application/json", "", "*/*", "json", "text/json",
        "application/json, text/plain", "application/json,", "application/json text/plain",
        "application/json  text/plain", "application/json\ttext/plain", ";application/json", "; application/json",
        "application/ json", "application /json", "application/json+x", "application/jsonp",
        "application/json-patch+json", "application/vnd.api+json", "application/x-json", "\"application/json\"",
        "application/*", "applicаtion/json",
    ]

    private static let typeFields: [[String]] = [
        [], ["Content-Type: application/json", "Content-Type: application/json"],
        ["Content-Type: application/json", "Content-Type: text/plain"],
        ["Content-Type: text/plain", "Content-Type: application/json"],
    ]

    private static let routes: [String] = [
        "POST /v1/reap", "POST /v1/backups", "POST /v1/audit/prune", "POST /v1/leases/1/renew",
        "PUT /v1/leases/1/agents/web",
    ]
}
