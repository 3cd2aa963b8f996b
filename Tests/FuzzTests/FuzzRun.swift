import BerthTestSupport
import Glibc
import Testing

/// Runs a property over many inputs that a seed repeats, and tells of the first one for which it does not hold.
///
/// Each input has a number, and is made of nothing but the seed, the property's name and that number. So one input can be
/// made again without those before it:
///
///     BERTH_FUZZ_SEED=7 BERTH_FUZZ_INPUT=4711 swift test --filter FuzzTests
struct FuzzRun {
    /// How many inputs each property gets: `BERTH_FUZZ_ROUNDS`.
    static let rounds = variable("BERTH_FUZZ_ROUNDS") ?? 600
    /// `BERTH_FUZZ_SEED`.
    static let seed = variable("BERTH_FUZZ_SEED") ?? 7
    /// The one input that is made: `BERTH_FUZZ_INPUT`. Nil for all of them.
    static let only = variable("BERTH_FUZZ_INPUT")

    /// Tests one input of bytes after the other.
    /// - Parameters:
    ///   - name: unique among the properties.
    ///   - make: makes an input.
    ///   - fault: what is wrong with how the input was taken; nil when nothing is.
    static func bytes(
        _ name: String, sourceLocation: SourceLocation = #_sourceLocation,
        make: (inout SplitMix64) -> [UInt8], fault: ([UInt8]) -> String?
    ) {
        values(name, sourceLocation: sourceLocation, make: make) { input in
            guard fault(input) != nil else { return nil }
            let small = Shrinking.smallest(input) { fault($0) != nil }
            return "\(fault(small) ?? "?"); the smallest such input: \(Shrinking.spelt(small))"
        }
    }

    /// Tests one input after the other.
    static func values<Input>(
        _ name: String, sourceLocation: SourceLocation = #_sourceLocation,
        make: (inout SplitMix64) -> Input, fault: (Input) -> String?
    ) {
        let trace = FuzzTrace(name)
        for number in only.map({ $0...$0 }) ?? 1...max(1, rounds) {
            trace.note(number)
            var random = SplitMix64(seed: seed &* 0x1_0000_0001 &+ hash(name) &+ number &* 0x2545_F491)
            let input = make(&random)
            guard let fault = fault(input) else { continue }
            Issue.record(
                "\(name), BERTH_FUZZ_SEED=\(seed) BERTH_FUZZ_INPUT=\(number): \(fault)", sourceLocation: sourceLocation)
            return
        }
        trace.note(0)
    }

    /// FNV-1a: the same for the same name in every process, as Swift's own hash is not.
    private static func hash(_ text: String) -> Int {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Int(truncatingIfNeeded: hash)
    }

    private static func variable(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}

/// Notes outside of this process which input is under way, so that one that ends the process is known afterwards.
///
/// `BERTH_FUZZ_TRACE` names the folder in which each property has a file; without it nothing is noted.
private struct FuzzTrace {
    private let number: UnsafeMutablePointer<Int>?

    init(_ name: String) {
        let length = MemoryLayout<Int>.size
        let letters = name.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        guard let folder = getenv("BERTH_FUZZ_TRACE").map({ String(cString: $0) }), !folder.isEmpty else {
            number = nil
            return
        }
        let file = open("\(folder)/\(String(letters))", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, ftruncate(file, off_t(length)) == 0,
            let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else {
            Issue.record("the trace of \(name) could not be opened: \(String(cString: strerror(errno)))")
            number = nil
            return
        }
        close(file)
        // It stays mapped: what is noted has to outlive a process that ends in the middle.
        number = memory.bindMemory(to: Int.self, capacity: 1)
    }

    /// 0 once all are through.
    func note(_ input: Int) { number?.pointee = input }
}
