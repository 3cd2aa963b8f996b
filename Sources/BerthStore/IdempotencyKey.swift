package import BerthCore
package import FoundationEssentials
import GRDB

/// The key of a request that may be repeated, within its principal, method and path.
package struct IdempotencyKey: Hashable, Sendable {
    package let method: String
    package let path: String
    package let key: String
    /// SHA-256 of the request's body.
    package let requestHash: Data

    package init(method: String, path: String, key: String, requestHash: Data) {
        self.method = method
        self.path = path
        self.key = key
        self.requestHash = requestHash
    }

    /// How long an outcome is kept: 24 hours.
    package static let lifetimeMilliseconds: Int64 = 86_400_000
}

/// What a repeat is answered with.
package struct StoredOutcome: Hashable, Sendable {
    package let status: Int
    package let lease: LeaseID
}

extension WriteTransaction {
    /// The outcome of an earlier request with the context's key; nil when this is the first.
    /// - Throws: ``ErrorCode/idempotencyKeyReused`` when that request said something else.
    func storedOutcome(_ context: ChangeContext) throws -> StoredOutcome? {
        guard let key = context.idempotency else { return nil }
        let found = try row(
            """
            SELECT request_hash, status, lease_id FROM idempotency_keys
            WHERE principal = ? AND method = ? AND path = ? AND key = ? AND created_at > ?
            """,
            [
                context.caller.principal.description, key.method, key.path, key.key,
                now.wall.milliseconds - IdempotencyKey.lifetimeMilliseconds,
            ])
        guard let found else { return nil }
        guard found["request_hash"] == key.requestHash else {
            throw BerthError(
                .idempotencyKeyReused,
                "This Idempotency-Key was used for a request with another body. Use a new key for a new request.",
                fields: [FieldError(field: "Idempotency-Key", detail: "was used with another body")])
        }
        return StoredOutcome(status: found["status"], lease: LeaseID(found["lease_id"]))
    }

    /// Keeps the outcome in the transaction of its effect.
    func storeOutcome(status: Int, lease: LeaseID, _ context: ChangeContext) throws {
        guard let key = context.idempotency else { return }
        try execute(
            """
            INSERT OR REPLACE INTO idempotency_keys (principal, method, path, key, request_hash, status, lease_id, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                context.caller.principal.description, key.method, key.path, key.key, key.requestHash, status,
                lease.number, now.wall.milliseconds,
            ])
    }
}

extension LeaseStore {
    /// Forgets outcomes older than their lifetime, at most `limit` of them. Returns how many went.
    package func forgetOutcomes(limit: Int) async throws(BerthError) -> Int {
        try await queue.submit(as: .housekeeping) { transaction in
            try transaction.changes(
                """
                DELETE FROM idempotency_keys WHERE (principal, method, path, key) IN (
                    SELECT principal, method, path, key FROM idempotency_keys
                    WHERE created_at <= ? ORDER BY created_at LIMIT ?)
                """,
                [transaction.now.wall.milliseconds - IdempotencyKey.lifetimeMilliseconds, limit])
        }
    }
}
