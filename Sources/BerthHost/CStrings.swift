/// Texts as a null-terminated array of C strings, which execve(2) and its like read. They live as long as it does.
final class CStrings {
    private let storage: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    /// - Parameter texts: bytes without a zero among them; they need not be UTF-8.
    init(_ texts: [[UInt8]]) {
        count = texts.count
        storage = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count + 1)
            for (offset, byte) in text.enumerated() { copy[offset] = CChar(bitPattern: byte) }
            copy[text.count] = 0
            storage[index] = copy
        }
        storage[texts.count] = nil
    }

    deinit {
        for index in 0..<count { storage[index]?.deallocate() }
        storage.deallocate()
    }

    /// Runs `body` with the array.
    func withPointer<Result>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result {
        defer { withExtendedLifetime(self) {} }
        return body(storage)
    }
}
