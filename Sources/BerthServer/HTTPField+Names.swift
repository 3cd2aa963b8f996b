import HTTPTypes

/// Header fields that the HTTP types do not name.
extension HTTPField.Name {
    static let xRequestID = known("X-Request-Id")
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotencyReplayed = known("Idempotency-Replayed")
    static let berthLogEnd = known("Berth-Log-End")
    static let link = known("Link")
    static let prefer = known("Prefer")
    static let preferenceApplied = known("Preference-Applied")
    static let lastEventID = known("Last-Event-ID")
    static let host = known("Host")
    static let secFetchSite = known("Sec-Fetch-Site")
    static let rateLimit = known("RateLimit")
    static let rateLimitPolicy = known("RateLimit-Policy")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is a well-formed field name") }
        return name
    }
}
