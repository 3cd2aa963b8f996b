import BerthCore
import CoreMetrics
import HTTPTypes
package import Hummingbird
package import Logging
import Metrics

/// The outermost layer: names the request, turns every error into a problem, measures and logs.
package struct ProblemMiddleware: RouterMiddleware {
    package typealias Context = BerthRequestContext

    let requestIDs: RequestIDs
    let routes: RouteBook
    let logger: Logger

    package init(requestIDs: RequestIDs, routes: RouteBook, logger: Logger) {
        self.requestIDs = requestIDs
        self.routes = routes
        self.logger = logger
    }

    package func handle(
        _ request: Request, context: BerthRequestContext,
        next: (Request, BerthRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        context.requestID = requestIDs.accept(request.headers[.xRequestID])
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let refusal = describe(error, request)
            log(refusal, request, context)
            response = Reply.problem(refusal, requestID: context.requestID)
            // The router makes HEAD from GET, but never sees what is refused.
            if request.method == .head { response.body = ResponseBody() }
        }
        response.headers[.xRequestID] = context.requestID
        Timer(
            label: "berth_http_request_seconds",
            dimensions: [("route", context.endpointPath ?? "none"), ("status", String(response.status.code))]
        ).record(duration: ContinuousClock.now - start)
        return response
    }

    /// The error as its caller is told it. Whatever is no ``BerthError`` by here is the router's or a defect.
    private func describe(_ error: any Error, _ request: Request) -> BerthError {
        if let error = error as? BerthError { return error }
        if let error = error as? HTTPError, error.status == .notFound {
            return routes.refusal(of: request.method, path: request.uri.path)
        }
        return BerthError(.internal, "Something went wrong inside Berth. The log has more.", cause: error)
    }

    private func log(_ error: BerthError, _ request: Request, _ context: BerthRequestContext) {
        let isServers = error.code.presentation.status >= 500
        let level: Logger.Level = isServers && error.code != .poolExhausted ? .error : .debug
        logger.log(
            level: level, "request refused",
            metadata: [
                "request_id": "\(context.requestID)", "method": "\(request.method)", "code": "\(error.code.rawValue)",
                // What a caller got wrong may be where it put its token.
                "error": "\(isServers ? "\(error)" : TokenMask.masked("\(error)"))",
            ])
    }
}
