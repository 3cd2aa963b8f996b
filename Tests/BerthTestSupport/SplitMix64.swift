/// Sebastiano Vigna's SplitMix64 (https://prng.di.unimi.it/splitmix64.c): the same numbers for the same seed anywhere.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether something that happens in `percent` of all cases happens now.
    package mutating func happens(inPercent percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    /// One of the choices, each as likely as any other. A test that gives none stops here.
    package mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &self)]
    }
}
