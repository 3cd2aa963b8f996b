/// `{port}` and `{port:2}` in a command's arguments, which stand for the ports of its block.
///
/// Arguments are bytes, since those of a process need not be UTF-8. `${port}` is left alone: it is a shell's variable.
/// So is whatever has something else than digits after the colon.
package enum PortPlaceholders {
    private struct Placeholder {
        let place: Range<Int>
        /// 1 for the first port; nil for one that no block has, however large.
        let number: Int?
    }

    private static let start = Array("{port".utf8)

    /// Puts the ports in.
    /// - Throws: ``Outside`` when a placeholder's number is not one of `1…ports.count`.
    package static func fill(_ argument: [UInt8], ports: [Int]) throws(Outside) -> [UInt8] {
        var filled: [UInt8] = []
        var end = 0
        for placeholder in placeholders(in: argument) {
            guard let number = placeholder.number, ports.indices.contains(number - 1) else {
                throw Outside(text: String(decoding: argument[placeholder.place], as: UTF8.self))
            }
            filled += argument[end..<placeholder.place.lowerBound]
            filled += Array(String(ports[number - 1]).utf8)
            end = placeholder.place.upperBound
        }
        return filled + argument[end...]
    }

    /// A placeholder for a port that the block doesn't have.
    package struct Outside: Error, Hashable {
        /// As it stands in the argument.
        package let text: String
    }

    private static func placeholders(in argument: [UInt8]) -> [Placeholder] {
        argument.indices.compactMap { index in
            guard argument[index] == start[0], argument[index...].starts(with: start),
                index == 0 || argument[index - 1] != UInt8(ascii: "$")
            else { return nil }
            var rest = argument[(index + start.count)...]
            var digits: ArraySlice<UInt8>?
            if rest.first == UInt8(ascii: ":") {
                rest = rest.dropFirst()
                let found = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                guard !found.isEmpty else { return nil }
                rest = rest.dropFirst(found.count)
                digits = found
            }
            guard rest.first == UInt8(ascii: "}") else { return nil }
            let number = digits.map { Int(String(decoding: $0, as: UTF8.self)) } ?? 1
            return Placeholder(place: index..<(rest.startIndex + 1), number: number)
        }
    }
}
