import BerthAPI
import BerthCore
import BerthLeasing
import BerthStore
import HTTPTypes
import Hummingbird

extension Routes {
    /// Tokens are administrators' business: nobody else learns even whether there is one of a name.
    func addTokens(to router: Router<BerthRequestContext>) {
        book.add(.post, APIPath.tokens, to: router) { request, context, _ in
            try requireAdministrator(context, "create a token")
            let body = try await request.berthBody()
            let wish = try request.decode(TokenRequest.self, from: body).wish
            let made = try await manager.createToken(wish, try change(request, context, body: body))
            var fields: HTTPFields = [
                .location: APIPath.token(made.token.name.rawValue), .cacheControl: "no-store",
            ]
            if made.secret == nil { fields[.idempotencyReplayed] = "true" }
            return try Reply.json(
                CreatedToken(resource(made.token), token: made.secret?.text), status: .created, fields: fields)
        }
        book.add(
            .get, APIPath.tokens, query: ["state", "limit", "cursor"], isHeavy: true, to: router
        ) { _, context, query in
            try requireAdministrator(context, "list the tokens")
            let limit = try query.limit()
            let found = try await manager.listTokens(
                TokenFilter(
                    state: try query.choice("state", TokenFilter.State.self) ?? .active,
                    after: TokenID(try query.cursor()), limit: limit + 1))
            let page = found.prefix(limit)
            let next = found.count > limit ? page.last.map { Cursor.text($0.id.number) } : nil
            return try Reply.json(
                TokenPage(tokens: page.map(resource), nextCursor: next),
                fields: next.map { [.link: query.link(to: APIPath.tokens, cursor: $0)] } ?? [:])
        }
        book.add(.get, "/v1/tokens/{name}", to: router) { _, context, _ in
            try requireAdministrator(context, "look at a token")
            return try Reply.json(resource(try await manager.token(try name("name", TokenName.self, context))))
        }
        book.add(.delete, "/v1/tokens/{name}", to: router) { request, context, _ in
            try requireAdministrator(context, "revoke a token")
            try await manager.revokeToken(try name("name", TokenName.self, context), try change(request, context))
            return Reply.noContent
        }
    }

    private func resource(_ token: Token) -> TokenResource { TokenResource(token, now: manager.now().wall) }
}
