/// The checks of the tokens.
extension SchemaBreach {
    static let tokens: [SchemaBreach] = [
        SchemaBreach("tokens", "id >= 1", ["id": "0"], ["id": "-1"]),
        SchemaBreach("tokens", "length(name) BETWEEN 1 AND 63", ["name": text(0)], ["name": text(64)]),
        SchemaBreach("tokens", "length(hash) = 32", ["hash": "zeroblob(31)"], ["hash": "zeroblob(33)"]),
        SchemaBreach("tokens", "max_ports >= 1", ["max_ports": "0"], ["max_ports": "-1"]),
        SchemaBreach("tokens", "allow_pids IN (0, 1)", ["allow_pids": "2"]),
        SchemaBreach("tokens", "expires_at > created_at", ["expires_at": "1"], ["expires_at": "0"]),
        SchemaBreach("tokens", "length(key) BETWEEN 1 AND 255", ["key": text(0)], ["key": text(256)]),
        SchemaBreach(
            "tokens", "length(request_hash) = 32", ["request_hash": "zeroblob(31)"], ["request_hash": "zeroblob(33)"]),
        SchemaBreach("tokens", "name <> 'admin'", ["name": "'admin'"]),
        SchemaBreach("tokens", "(key IS NULL) = (request_hash IS NULL)", ["key": "NULL"], ["request_hash": "NULL"]),
        SchemaBreach("tokens", "(revoked_at IS NULL) = (last_seq IS NULL)", ["revoked_at": "5"], ["last_seq": "1"]),
    ]

    /// Changes to the specimen that stay just inside the checks.
    static let tokensAtTheBounds: [[String: String]] = [
        ["name": text(1), "max_ports": "1", "key": text(1), "expires_at": "2"],
        ["name": text(63), "max_ports": "NULL", "allow_pids": "1", "key": text(255), "expires_at": "NULL"],
        ["key": "NULL", "request_hash": "NULL"], ["revoked_at": "5", "last_seq": "1"],
    ]
}
