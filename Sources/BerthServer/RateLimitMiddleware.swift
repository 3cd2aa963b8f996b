import BerthCore
import HTTPTypes
import Hummingbird
import Synchronization

/// What a request's bucket said, from the inner middleware to the outer one.
final class RateNote: Sendable {
    private let reading = Mutex<TokenBucket.Reading?>(nil)

    var value: TokenBucket.Reading? { reading.withLock { $0 } }

    func write(_ value: TokenBucket.Reading) { reading.withLock { $0 = value } }
}

/// Behind the gate, which knows the principal: refuses a request for which its bucket has nothing left.
///
/// What anybody may ask without credentials costs nothing; there is nobody to count it for.
struct RateLimitMiddleware: RouterMiddleware {
    typealias Context = BerthRequestContext

    let limiter: RateLimiter

    func handle(
        _ request: Request, context: BerthRequestContext,
        next: (Request, BerthRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let caller = context.caller, !GateMiddleware.isOpen(request) else {
            return try await next(request, context)
        }
        let reading = limiter.take(caller.principal)
        context.rateNote?.write(reading)
        guard reading.isGranted else {
            throw BerthError(
                .tooManyRequests,
                "\(caller.principal) may make \(limiter.rate.perSecond) requests a second, and \(limiter.rate.burst) at"
                    + " once. Try again after the seconds in Retry-After.")
        }
        return try await next(request, context)
    }
}

/// Outside of everything that makes an answer, so that refusals have the fields too
/// (draft-ietf-httpapi-ratelimit-headers, version 10).
struct RateLimitFields: RouterMiddleware {
    typealias Context = BerthRequestContext

    private let policy: String

    init(_ rate: TrafficLimits.Rate) {
        let window = max(1, (rate.burst + rate.perSecond - 1) / rate.perSecond)
        policy = "\"requests\";q=\(rate.burst);w=\(window)"
    }

    func handle(
        _ request: Request, context: BerthRequestContext,
        next: (Request, BerthRequestContext) async throws -> Response
    ) async throws -> Response {
        let note = RateNote()
        var context = context
        context.rateNote = note
        var response = try await next(request, context)
        guard let reading = note.value else { return response }
        response.headers[.rateLimitPolicy] = policy
        response.headers[.rateLimit] = "\"requests\";r=\(reading.remaining);t=\(reading.secondsUntilFull)"
        if !reading.isGranted { response.headers[.retryAfter] = String(max(1, reading.secondsUntilNext)) }
        return response
    }
}
