import BerthCore
import BerthTestSupport
import Testing

@testable import BerthServer

@Suite struct `Requests in a second` {
    private let clock = ManualClock()
    private let alice = Principal.user(1000)

    private func made(_ perSecond: Int, burst: Int) -> RateLimiter {
        RateLimiter(TrafficLimits.Rate(perSecond: perSecond, burst: burst), clock: clock)
    }

    @Test func `pass as long as the bucket has some, and as fast as it fills`() {
        let limiter = made(10, burst: 3)
        #expect((0..<5).map { _ in limiter.take(alice).isGranted } == [true, true, true, false, false])
        clock.advance(milliseconds: 99)
        #expect(!limiter.take(alice).isGranted)
        clock.advance(milliseconds: 1)
        #expect(limiter.take(alice).isGranted)
        #expect(!limiter.take(alice).isGranted)
        clock.advance(milliseconds: 60_000)
        #expect((0..<4).map { _ in limiter.take(alice).isGranted } == [true, true, true, false])
    }

    @Test func `are told what is left and until when`() {
        let limiter = made(1, burst: 3)
        let first = limiter.take(alice)
        #expect(first == .init(isGranted: true, remaining: 2, secondsUntilFull: 1, secondsUntilNext: 0))
        _ = limiter.take(alice)
        #expect(limiter.take(alice).remaining == 0)
        clock.advance(milliseconds: 1)
        let refused = limiter.take(alice)
        #expect(refused == .init(isGranted: false, remaining: 0, secondsUntilFull: 3, secondsUntilNext: 1))
    }

    @Test func `of one principal cost no other`() {
        let limiter = made(1, burst: 1)
        #expect(limiter.take(alice).isGranted && !limiter.take(alice).isGranted)
        #expect(limiter.take(.user(1001)).isGranted)
        #expect(limiter.take(.token("alice")).isGranted)
    }

    @Test func `do not heed the wall clock, nor a boot clock that goes back`() {
        let limiter = made(1, burst: 1)
        #expect(limiter.take(alice).isGranted)
        clock.stepWall(milliseconds: 3_600_000)
        #expect(!limiter.take(alice).isGranted)
        clock.advance(milliseconds: -500)
        #expect(!limiter.take(alice).isGranted)
        clock.advance(milliseconds: 1_500)
        #expect(limiter.take(alice).isGranted)
    }

    @Test func `over a long time are never more than the rate`() {
        var random = SplitMix64(seed: 7)
        let limiter = made(7, burst: 5)
        var (granted, elapsed) = (0, Int64(0))
        var isEverMore = false
        for _ in 0..<20_000 {
            let pause = Int64.random(in: 0...40, using: &random)
            clock.advance(milliseconds: pause)
            elapsed += pause
            if limiter.take(alice).isGranted { granted += 1 }
            if Int64(granted) * 1000 > 7 * elapsed + 5000 { isEverMore = true }
        }
        #expect(!isEverMore)
        #expect(Int64(granted) * 1000 > 7 * elapsed - 5000)
    }

    @Test func `of strangers by the thousand leave the buckets of the busy alone`() {
        let limiter = made(1, burst: 2)
        for _ in 0..<3 { _ = limiter.take(alice) }
        for user in 0..<5_000 {
            #expect(limiter.take(.user(UInt32(10_000 + user))).isGranted)
        }
        #expect(!limiter.take(alice).isGranted)
    }
}
