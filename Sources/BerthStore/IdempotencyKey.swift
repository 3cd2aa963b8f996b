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

    /// - Throws: ``ErrorCode/idempotencyKeyReused`` when the request that came before had another body.
    func checkSameRequest(_ earlier: Data) throws(BerthError) {
        guard earlier != requestHash else { return }
        throw BerthError(
            .idempotencyKeyReused,
            "This Idempotency-Key was used for a request with another body. Use a new key for a new request.",
            fields: [FieldError(field: "Idempotency-Key", detail: "was used with another body")])
    }

    /// How long an outcome is kept: 24 hours.
    package static let lifetimeMilliseconds: Int64 = 86_400_000
}

/// What a repeat is answered with.
package struct StoredOutcome: Hashable, Sendable {
    /// What the first request came to.
    package enum Effect: Hashable, Sendable {
        case lease(LeaseID)
        /// It was answered with a ticket.
        case ticket(TicketID)
    }

    package let status: Int
    package let effect: Effect
}

extension WriteTransaction {
    /// The outcome of an earlier request with the context's key; nil when this is the first.
    /// - Throws: ``ErrorCode/idempotencyKeyReused`` when that request said something else.
    func storedOutcome(_ context: ChangeContext) throws -> StoredOutcome? {
        guard let key = context.idempotency else { return nil }
        let found = try row(
            """
            SELECT request_hash, status, lease_id, ticket_id FROM idempotency_keys
            WHERE principal = ? AND method = ? AND path = ? AND key = ? AND created_at > ?
            """,
            [
                context.caller.principal.description, key.method, key.path, key.key,
                now.wall.milliseconds - IdempotencyKey.lifetimeMilliseconds,
            ])
        guard let found else { return nil }
        try key.checkSameRequest(found["request_hash"])
        let ticket = (found["ticket_id"] as Int64?).map { StoredOutcome.Effect.ticket(TicketID($0)) }
        return StoredOutcome(status: found["status"], effect: ticket ?? .lease(LeaseID(found["lease_id"])))
    }

    /// The ticket on which an earlier request with the context's key waits.
    /// - Throws: ``ErrorCode/idempotencyKeyReused`` when that request said something else.
    func waitingTicket(_ context: ChangeContext, _ store: LeaseStore) throws -> Ticket? {
        guard let key = context.idempotency else { return nil }
        let found = try row(
            """
            SELECT * FROM tickets
            WHERE principal = ? AND method = ? AND path = ? AND key = ? AND state = 'waiting' AND key IS NOT NULL
            """, [context.caller.principal.description, key.method, key.path, key.key])
        guard let found else { return nil }
        try key.checkSameRequest(found["request_hash"])
        return try store.ticketRow.ticket(found)
    }

    /// Keeps the ticket as the outcome.
    func storeTicket(_ ticket: TicketID, _ context: ChangeContext) throws {
        guard let key = context.idempotency else { return }
        try execute(
            """
            INSERT OR REPLACE INTO idempotency_keys
                (principal, method, path, key, request_hash, status, ticket_id, created_at)
            VALUES (?, ?, ?, ?, ?, 202, ?, ?)
            """,
            [
                context.caller.principal.description, key.method, key.path, key.key, key.requestHash, ticket.number,
                now.wall.milliseconds,
            ])
    }

    /// Keeps the outcome in the transaction of its effect. One that was a ticket stays so.
    func storeOutcome(status: Int, lease: LeaseID, _ context: ChangeContext) throws {
        guard let key = context.idempotency else { return }
        try execute(
            """
            INSERT INTO idempotency_keys (principal, method, path, key, request_hash, status, lease_id, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT DO UPDATE
            SET request_hash = ?5, status = ?6, lease_id = ?7, ticket_id = NULL, created_at = ?8
            WHERE status <> 202 OR created_at <= ?9
            """,
            [
                context.caller.principal.description, key.method, key.path, key.key, key.requestHash, status,
                lease.number, now.wall.milliseconds, now.wall.milliseconds - IdempotencyKey.lifetimeMilliseconds,
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
