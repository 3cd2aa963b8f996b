import AsyncHTTPClient
package import BerthAPI
package import BerthCore
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// A question about the audit: names of query parameters and their values, those without a value left out.
package struct AuditQuestion: Sendable {
    private var parameters: [(name: String, value: String)] = []

    package init(_ parameters: [(name: String, value: String?)]) {
        self.parameters = parameters.compactMap { name, value in value.map { (name, $0) } }
    }

    /// The same question with one more parameter.
    package func with(_ name: String, _ value: String?) -> AuditQuestion {
        var question = self
        if let value { question.parameters.append((name, value)) }
        return question
    }

    func path(_ base: String) -> String {
        let pairs = parameters.map { "\($0.name)=\(APIPath.percentEncoded($0.value))" }
        return pairs.isEmpty ? base : base + "?" + pairs.joined(separator: "&")
    }
}

extension BerthClient {
    /// How long one may wait for a verification of a long history.
    private static let verificationTime = TimeAmount.hours(2)

    /// Streams the answer as it comes, piece by piece, at the pace at which `take` takes it.
    /// - Parameter mediaType: `application/x-ndjson` or `text/csv`.
    package func streamAudit(
        _ question: AuditQuestion, as mediaType: String, _ take: ([UInt8]) throws -> Void
    ) async throws {
        try await stream(question.path(APIPath.audit), accept: mediaType, take)
    }

    /// The lines of the newest records, the oldest of them first.
    package func newestRecords(_ question: AuditQuestion, limit: Int) async throws -> [String] {
        var text: [UInt8] = []
        let newest = question.with("order", "desc").with("limit", String(limit))
        try await stream(newest.path(APIPath.audit), accept: "application/x-ndjson") { text += $0 }
        return text.split(separator: UInt8(ascii: "\n")).reversed().map { String(decoding: $0, as: UTF8.self) }
    }

    /// Follows the audit behind a record, through restarts of the daemon too, until `take` throws or the task is cancelled.
    /// - Parameter onLoss: called whenever the connection has ended and is tried again.
    package func followEvents(
        _ question: AuditQuestion, after seq: Int64, onLoss: (String) -> Void, _ take: (String) throws -> Void
    ) async throws {
        var last = String(seq)
        while !Task.isCancelled {
            var parser = EventParser()
            do {
                try await stream(
                    question.path(APIPath.events), accept: "text/event-stream", headers: [("Last-Event-ID", last)]
                ) { bytes in
                    for event in parser.take(bytes) where event.name != "dropped" {
                        last = event.id ?? last
                        try take(event.data)
                    }
                }
                onLoss("the daemon ended the stream")
            } catch let error as ClientError where error.exitCode == 69 {
                onLoss(error.message)
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Walks the audit.
    package func verifyAudit(_ scope: AuditVerdict.Scope) async throws(ClientError) -> AuditVerdict {
        try await call(
            .GET, AuditQuestion([("scope", scope.rawValue)]).path(APIPath.auditVerify), AuditVerdict.self,
            within: Self.verificationTime)
    }

    /// Has the daemon make a backup on its host.
    package func backUp(to path: String) async throws(ClientError) -> BackupReport {
        try await call(
            .POST, APIPath.backups, body: encoded(BackupRequest(path: path)), BackupReport.self,
            within: Self.verificationTime)
    }

    /// Has the daemon prune the audit.
    package func pruneAudit(before instant: Instant) async throws(ClientError) -> PruneReport {
        try await call(
            .POST, APIPath.auditPrune, body: encoded(PruneRequest(before: instant)), PruneReport.self,
            within: Self.verificationTime)
    }

    /// The last record's number and hash.
    package func auditHead() async throws(ClientError) -> AuditHead {
        try await call(.GET, APIPath.auditHead, AuditHead.self)
    }

    /// Who held a port then.
    package func port(_ number: Int, at instant: String) async throws(ClientError) -> PortHistoryResource {
        try await call(
            .GET, AuditQuestion([("at", instant)]).path(APIPath.port(number)), PortHistoryResource.self)
    }
}
