/// The checks on sessions that sleep without a lease.
extension SchemaBreach {
    private static func asleep(_ changes: [String: String]) -> [String: String] {
        SchemaSpecimens.asleep.merging(changes) { $1 }
    }

    private static let pinned = asleep([
        "asleep_ttl_ms": "NULL", "asleep_boot": "NULL", "asleep_boot_ms": "NULL", "asleep_expires_at": "NULL",
    ])

    /// Rows that lie just inside the checks.
    static let sleepersAtTheBounds = [
        SchemaSpecimens.asleep, pinned, asleep(["asleep_ttl_ms": "1"]),
    ]

    private static let ended = asleep(["state": "'ended'", "ended_at": "5"])
    private static let ofNoTemplate = asleep(["template": "NULL", "variables": "NULL", "phase": "NULL"])

    static let sleepers: [SchemaBreach] = [
        SchemaBreach("sessions", "has_released IN (0, 1)", ["has_released": "2"]),
        SchemaBreach(
            "sessions", "has_released = 0 OR (state = 'active' AND phase IS 'asleep')", ["has_released": "1"], ended,
            ofNoTemplate),
        SchemaBreach("sessions", "asleep_ttl_ms > 0", asleep(["asleep_ttl_ms": "0"])),
        SchemaBreach("sessions", "asleep_ttl_ms IS NULL OR has_released = 1", asleep(["has_released": "0"])),
        SchemaBreach("sessions", "(asleep_boot IS NULL) = (asleep_ttl_ms IS NULL)", ["asleep_boot": "1"]),
        SchemaBreach("sessions", "(asleep_boot_ms IS NULL) = (asleep_ttl_ms IS NULL)", ["asleep_boot_ms": "9"]),
        SchemaBreach("sessions", "(asleep_expires_at IS NULL) = (asleep_ttl_ms IS NULL)", ["asleep_expires_at": "9"]),
    ]
}
