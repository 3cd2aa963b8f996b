import Hummingbird

/// Lets a request through once all of it is there, so that nothing is done for one whose end never came, or came broken.
struct WholeRequestMiddleware: RouterMiddleware {
    typealias Context = BerthRequestContext

    func handle(
        _ request: Request, context: BerthRequestContext,
        next: (Request, BerthRequestContext) async throws -> Response
    ) async throws -> Response {
        guard request.hasBody else { return try await next(request, context) }
        var whole = request
        whole.body = RequestBody(buffer: try await request.wholeBody(on: context.channel))
        return try await next(whole, context)
    }
}
