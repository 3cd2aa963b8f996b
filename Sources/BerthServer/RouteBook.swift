import BerthCore
import HTTPTypes
import Hummingbird
import Synchronization

/// The routes of the API: registers them with the router, and knows for a path that did not match what it would answer.
package final class RouteBook: Sendable {
    /// A route's path, `{id}` standing for any one segment.
    private struct Entry: Sendable {
        let segments: [Substring]
        let method: HTTPRequest.Method

        func matches(_ path: [Substring]) -> Bool {
            segments.count == path.count
                && zip(segments, path).allSatisfy { pattern, segment in pattern.hasPrefix("{") || pattern == segment }
        }
    }

    private let entries = Mutex<[Entry]>([])

    package init() {}

    /// Adds a route. Query parameters beyond `query` are refused.
    /// - Parameter isHeavy: whether it may walk through many rows or processes, and so leaves the connection's event loop
    ///   to the other connections; see ``PinnedChannel``.
    func add(
        _ method: HTTPRequest.Method, _ path: String, query: Set<String> = [], isHeavy: Bool = false,
        to router: Router<BerthRequestContext>,
        _ handle: @escaping @Sendable (Request, BerthRequestContext, Query) async throws -> Response
    ) {
        entries.withLock { $0.append(Entry(segments: path.split(separator: "/"), method: method)) }
        router.on(RouterPath(path), method: method) { request, context in
            let query = try Query(request.uri, allowed: query)
            guard isHeavy else { return try await handle(request, context, query) }
            return try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try await handle(request, context, query)
            }
        }
    }

    /// Why nothing answered: the path does not exist, or not with this method.
    func refusal(of method: HTTPRequest.Method, path: String) -> BerthError {
        let segments = path.split(separator: "/")
        let methods = entries.withLock { entries in
            entries.filter { $0.matches(segments) }.map(\.method.rawValue)
        }
        guard !methods.isEmpty else {
            return BerthError(.notFound, "There is nothing at this path. See /docs for what there is.")
        }
        let allowed = methods.contains("GET") ? methods + ["HEAD"] : methods
        return BerthError(
            .methodNotAllowed,
            "This path does not answer \(method.rawValue). It answers \(allowed.joined(separator: ", ")).",
            facts: .allowed(allowed))
    }
}
