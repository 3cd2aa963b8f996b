import Testing
import BerthTestSupport
@Suite struct Smoke { @Test func x() { #expect(SplitMix64(seed: 1) is SplitMix64) } }
