internal import BerthCore
internal import NIOCore

/// Makes the head that an agent gets out of the one that a client sent.
struct RequestFields {
    /// Who asks, as far as the router sees it.
    struct Origin {
        let host: RequestHost
        /// The part of the path that was taken away.
        let prefix: String
        let requestID: String
    }

    let origin: Origin
    let framing: BodyFraming
    let credential: Credential
    /// Whether an `Authorization` that is no credential of Berth's stands there.
    let keepsAuthorization: Bool
    /// The protocol that is asked for; nil for HTTP as it is.
    let upgrade: String?
    /// The answer is to be read whole: it may not come packed, in parts or not at all.
    let isHeld: Bool

    func head(_ request: RequestHead, path: String, authority: String) -> ByteBuffer {
        let section = request.fields
        // Room for the lines below, and for a part of a body behind them.
        var out = ByteBufferAllocator().buffer(
            capacity: section.text.readableBytes + origin.host.origin.utf8.count + 512)
        section.text.withUnsafeReadableBytes { bytes in
            _ = out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[request.methodPlace.range]))
        }
        out.writeStaticString(" ")
        out.writeString(path)
        out.writeField(" HTTP/1.1\r\nHost: ", authority)
        // Without the field every coding would do (RFC 9110, 12.5.3).
        if isHeld { out.writeField("Accept-Encoding: ", "identity") }
        section.write(to: &out) { field in
            request.connection.names(field, of: section) ? .drop : fate(of: field, in: request)
        }
        addHop(to: &out, request)
        out.writeField("X-Request-Id: ", origin.requestID)
        if !origin.prefix.isEmpty { out.writeField("X-Forwarded-Prefix: ", origin.prefix) }
        out.writeString(origin.host.origin)
        out.writeStaticString("\r\n")
        return out
    }

    private func fate(of field: FieldSection.Field, in request: RequestHead) -> FieldSection.Fate {
        switch field.kind {
        case .endToEnd: isHeld && Self.isOfParts(field, request.fields) ? .drop : .pass
        case .setCookie: .pass
        case .expect: request.isCurrent ? .pass : .drop
        case .authorization: keepsAuthorization ? .pass : .drop
        case .cookie: Credential.withoutOwnCookie(request.fields.string(field.value))
        case .hopByHop, .connection, .te, .transferEncoding, .upgrade, .forwarding, .host, .contentLength,
            .ownAuthorization, .requestID:
            .drop
        }
    }

    private func addHop(to out: inout ByteBuffer, _ request: RequestHead) {
        switch framing {
        case .none:
            // Without it some wait for a body all the same (RFC 9110, 8.6).
            if [.post, .put, .patch].contains(request.method) { out.writeField("Content-Length: ", "0") }
        case .length(let length): out.writeField("Content-Length: ", String(length))
        case .chunked: out.writeField("Transfer-Encoding: ", "chunked")
        case .close: break
        }
        let wantsTrailers = request.fields.has(.te) && request.fields[.te].contains(where: Self.namesTrailers)
        if wantsTrailers { out.writeField("TE: ", "trailers") }
        if let upgrade {
            out.writeField("Upgrade: ", upgrade)
            out.writeField("Connection: ", wantsTrailers ? "Upgrade, TE" : "Upgrade")
        } else if wantsTrailers {
            out.writeField("Connection: ", "TE")
        }
    }

    private static func namesTrailers(_ value: String) -> Bool {
        value.split(separator: ",").contains { coding in
            coding.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != ";" && $0 != "\t" }.lowercased()
                == "trailers"
        }
    }

    /// Fields that ask for an answer which is packed, a part, or left out.
    private static func isOfParts(_ field: FieldSection.Field, _ section: FieldSection) -> Bool {
        let names: [StaticString] = [
            "accept-encoding", "range", "if-range", "if-none-match", "if-modified-since", "if-match",
            "if-unmodified-since",
        ]
        return names.contains { section.isNamed(field, $0) }
    }
}
