import BerthAPI
import BerthCore
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// Ways to answer.
enum Reply {
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]
    ) throws -> Response {
        let body = try JSON.encoder.encode(value)
        var fields = fields
        fields[.contentType] = "application/json"
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    static func text(_ text: String, type: String, fields: HTTPFields = [:]) -> Response {
        Reply.text(ByteBuffer(string: text), type: type, fields: fields)
    }

    static func text(_ text: ByteBuffer, type: String, fields: HTTPFields = [:]) -> Response {
        var fields = fields
        fields[.contentType] = type
        return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: text))
    }

    static let noContent = Response(status: .noContent)

    /// The error as its caller sees it, with the fields that go with its code.
    static func problem(_ error: BerthError, requestID: String) -> Response {
        let problem = Problem(error, requestID: requestID)
        var fields: HTTPFields = [.contentType: Problem.mediaType]
        switch error.code {
        case .unauthorized: fields[.wwwAuthenticate] = "Bearer realm=\"berth\""
        case .sessionLimit, .quotaExceeded, .queueFull, .tooManyRequests, .poolExhausted, .storageUnavailable:
            fields[.retryAfter] = "5"
        default: break
        }
        if case .allowed(let methods) = error.facts { fields[.allow] = methods.joined(separator: ", ") }
        // A problem holds texts and numbers only, which always encode.
        let body = (try? JSON.encoder.encode(problem)) ?? Data()
        return Response(
            status: .init(code: problem.status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
