import BerthAPI
import BerthCore
import BerthLeasing
import BerthStore
import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird

/// What every group of routes needs.
struct Routes: Sendable {
    let manager: LeaseManager
    let sessions: any SessionKeeping
    let book: RouteBook

    /// The lease as its reader sees it.
    func resource(_ lease: Lease) -> LeaseResource {
        LeaseResource(lease, isAlive: manager.isAlive, startInstant: manager.startInstant)
    }

    /// The lease that a path names.
    /// - Throws: `not-found` for what is no id at all, too.
    func leaseID(_ context: BerthRequestContext) throws -> LeaseID {
        let text = try segment("id", context)
        guard let number = Int64(text), number > 0, String(number) == text else {
            throw BerthError(.notFound, "There is no lease of that id.")
        }
        return LeaseID(number)
    }

    /// A name that stands in the path, percent-decoded.
    /// - Throws: `not-found` for what could be no such name.
    func name<Name: CheckedName>(_ parameter: String, _ type: Name.Type, _ context: BerthRequestContext) throws -> Name
    {
        let text = try segment(parameter, context)
        guard let name = Name(rawValue: text) else {
            throw BerthError(.notFound, "There is no such \(parameter): a name is \(Name.rule).")
        }
        return name
    }

    func segment(_ parameter: String, _ context: BerthRequestContext) throws -> String {
        let raw: String = try context.parameters.require(parameter)
        guard let text = APIPath.percentDecoded(raw[...]) else {
            throw BerthError(.malformedRequest, "The path is not percent-encoded UTF-8.")
        }
        return text
    }

    /// Who asks, under which request, and with which key for repeats.
    func change(_ request: Request, _ context: BerthRequestContext, body: Data = Data()) throws -> ChangeContext {
        ChangeContext(
            caller: try context.requireCaller(), requestID: context.requestID,
            idempotency: request.method == .post ? try idempotencyKey(request, body: body) : nil)
    }

    private func idempotencyKey(_ request: Request, body: Data) throws -> IdempotencyKey? {
        guard var text = request.headers[.idempotencyKey] else { return nil }
        if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = String(text.dropFirst().dropLast()) }
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw BerthError.invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
        }
        return IdempotencyKey(
            method: request.method.rawValue, path: request.uri.path, key: text,
            requestHash: Data(SHA256.hash(data: body)))
    }
}

extension BerthRequestContext {
    /// The caller, on every path that is not open to all.
    func requireCaller() throws(BerthError) -> Caller {
        guard let caller else { throw BerthError(.internal, "A route that needs a caller was open to all.") }
        return caller
    }

    /// The process at the other end of the Unix socket, for a request whose member `field` names it.
    /// - Throws: `invalid-field` on TCP, `no-such-process` when that process has ended.
    func requirePeer(_ field: String) async throws(BerthError) -> ProcessIdentity {
        guard let peers else {
            throw BerthError.invalid(
                field, "only on the Unix socket does the kernel tell which process calls; name a PID instead")
        }
        guard let process = await peers.process(of: channel) else {
            throw BerthError(
                .noSuchProcess, "The process that opened this connection is not alive in the daemon's PID namespace.",
                fields: [FieldError(field: field, detail: "the caller cannot be identified")])
        }
        return process
    }
}
