import BerthCore
import BerthDocuments
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// One kind of problem, as its page tells it.
private struct ProblemPage: Codable {
    let title: String
    let status: Int
    let meaning: String
    let whatToDo: String

    enum CodingKeys: String, CodingKey {
        case title, status, meaning
        case whatToDo = "what_to_do"
    }

    /// The page. The texts are the project's own; the code is one of the file's keys.
    func html(code: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>\(code) · Berth</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>:root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;
        margin:3rem auto;padding:0 1rem}code{font-family:ui-monospace,monospace}</style></head>
        <body><h1>\(title)</h1><p><code>\(code)</code>, status \(status)</p><p>\(meaning)</p>
        <h2>What to do</h2><p>\(whatToDo)</p><p><a href="/docs">The API</a></p></body></html>
        """
    }
}

extension Routes {
    private static let pagePolicy: HTTPFields = {
        var fields: HTTPFields = [.cacheControl: "no-cache"]
        fields[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
        fields[.xContentTypeOptions] = "nosniff"
        return fields
    }()

    func addDocuments(to router: Router<BerthRequestContext>) throws {
        let pages = try JSON.decoder.decode(
            [String: ProblemPage].self, from: Data(Documents.problems))
        // All answers share these bytes, however many connections do not take theirs.
        let document = ByteBuffer(bytes: Documents.openAPI)
        let docs = ByteBuffer(bytes: Documents.page)
        book.add(.get, "/openapi.json", to: router) { _, _, _ in
            Reply.text(document, type: "application/json", fields: [.cacheControl: "no-cache"])
        }
        book.add(.get, "/docs", to: router) { _, _, _ in
            Reply.text(docs, type: "text/html; charset=utf-8", fields: Self.pagePolicy)
        }
        book.add(.get, "/problems/{code}", to: router) { _, context, _ in
            let code = try segment("code", context)
            guard let page = pages[code] else { throw BerthError(.notFound, "There is no problem of that code.") }
            return Reply.text(page.html(code: code), type: "text/html; charset=utf-8", fields: Self.pagePolicy)
        }
    }
}
