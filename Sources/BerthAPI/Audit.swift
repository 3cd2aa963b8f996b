package import BerthCore

/// The answer of `GET /v1/audit/head`: what to keep elsewhere, so that a rewritten history can be told from this one.
package struct AuditHead: Codable, Hashable, Sendable {
    package var seq: Int64
    package var at: String
    /// In hexadecimal.
    package var hash: String

    package init(seq: Int64, at: String, hash: String) {
        self.seq = seq
        self.at = at
        self.hash = hash
    }
}

/// The answer of `GET /v1/audit/verify`.
package struct AuditVerdict: Codable, Hashable, Sendable {
    /// How much is verified.
    package enum Scope: String, Codable, CaseIterable, Sendable {
        /// Every record that is there, and the rows of leases, sessions, agents and ports against them.
        case whole
        /// The records since the last verification that found nothing.
        case new
    }

    package var valid: Bool
    /// How many records were walked.
    package var checked: Int
    package var firstBadSeq: Int64?
    /// What is wrong, in words.
    package var problem: String?
    /// The last record; null when something is wrong.
    package var head: AuditHead?

    enum CodingKeys: String, CodingKey {
        case valid, checked, problem, head
        case firstBadSeq = "first_bad_seq"
    }

    package init(valid: Bool, checked: Int, firstBadSeq: Int64?, problem: String?, head: AuditHead?) {
        self.valid = valid
        self.checked = checked
        self.firstBadSeq = firstBadSeq
        self.problem = problem
        self.head = head
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(valid, forKey: .valid)
        try container.encode(checked, forKey: .checked)
        try container.encode(firstBadSeq, forKey: .firstBadSeq)
        try container.encode(problem, forKey: .problem)
        try container.encode(head, forKey: .head)
    }
}

/// The body of `POST /v1/audit/prune`.
package struct PruneRequest: Codable, Hashable, Sendable {
    /// Records of before this instant go.
    package var before: Instant

    enum CodingKeys: String, CodingKey { case before }

    package init(before: Instant) { self.before = before }

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: ["before"])
        reader.require("before")
        let text = reader.value("before", String.self, "an instant (RFC 3339)")
        let instant = text.flatMap { Instant($0) }
        if text != nil, instant == nil {
            reader.fail("before", "must be an instant like 2026-11-23T19:10:42.123Z (RFC 3339)")
        }
        try reader.check()
        before = instant ?? Instant(milliseconds: 0)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(before.description, forKey: .before)
    }
}

/// The answer of `POST /v1/audit/prune`.
package struct PruneReport: Codable, Hashable, Sendable {
    /// How many records went.
    package var pruned: Int
    /// The last one that went; null when none did.
    package var cut: AuditHead?
    /// Where the records are kept that went.
    package var archive: String?

    package init(pruned: Int, cut: AuditHead?, archive: String?) {
        self.pruned = pruned
        self.cut = cut
        self.archive = archive
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pruned, forKey: .pruned)
        try container.encode(cut, forKey: .cut)
        try container.encode(archive, forKey: .archive)
    }
}

/// The body of `POST /v1/backups`.
package struct BackupRequest: Codable, Hashable, Sendable {
    /// An absolute path on the daemon's host, where nothing lies yet.
    package var path: String

    enum CodingKeys: String, CodingKey { case path }

    package init(path: String) { self.path = path }

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: ["path"])
        reader.require("path")
        let text = reader.value("path", String.self, "an absolute path") ?? "/"
        if !text.hasPrefix("/") || text.utf8.contains(0) {
            reader.fail("path", "must be an absolute path on the daemon's host")
        }
        try reader.check()
        path = text
    }
}

/// The answer of `POST /v1/backups`.
package struct BackupReport: Codable, Hashable, Sendable {
    package var path: String
    package var bytes: Int64
    /// The last record in it, and its hash.
    package var seq: Int64
    package var hash: String
    package var createdAt: String

    enum CodingKeys: String, CodingKey {
        case path, bytes, seq, hash
        case createdAt = "created_at"
    }

    package init(path: String, bytes: Int64, seq: Int64, hash: String, createdAt: String) {
        self.path = path
        self.bytes = bytes
        self.seq = seq
        self.hash = hash
        self.createdAt = createdAt
    }
}

/// The answer of `GET /v1/ports/{port}?at=`: whose the port was then.
package struct PortHistoryResource: Codable, Sendable {
    package var port: Int
    package var at: String
    /// Whether it was leased.
    package var leased: Bool
    /// The lease that held it, as it is now; null when there was none, or it is another user's.
    package var lease: LeaseResource?

    package init(port: Int, at: String, leased: Bool, lease: LeaseResource?) {
        self.port = port
        self.at = at
        self.leased = leased
        self.lease = lease
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(port, forKey: .port)
        try container.encode(at, forKey: .at)
        try container.encode(leased, forKey: .leased)
        try container.encode(lease, forKey: .lease)
    }
}
