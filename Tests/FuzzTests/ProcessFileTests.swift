import BerthCore
import BerthTestSupport
import Testing

@testable import BerthHost

@Suite struct `Files of /proc about processes, fuzzed` {
    private static let tokens = [
        "(", ")", " ", "\n", "\t", ") R 1 ", "-1", ":", "Tgid:\t", "Uid:\t", "Name:\t", "->", "FLOCK", "WRITE", "EOF",
        "files",
        "Max open files", "unlimited", "@", "berth/range/", "/", "-", "00:00:", "0", "\\n",
    ]

    /// Anything that prctl(2) takes for a name, and what looks like the rest of the file.
    private static func command(using random: inout SplitMix64) -> [UInt8] {
        let parts = ["a", " ", "(", ")", "\n", ") R 1 1 1", "((", "))", "\t", "é", "sh", "\u{202E}", "\u{1B}"]
        let text = (0..<random.pick([0, 1, 2, 5, 15])).flatMap { _ in Array(random.pick(parts).utf8) }
        return text + (random.happens(inPercent: 20) ? random.pick(Tokens.bytes) : [])
    }

    /// The kernel's line for a process, and what it says (proc_pid_stat(5)).
    private static func stat(using random: inout SplitMix64) -> (
        text: [UInt8], state: UInt8, threads: Int, ticks: UInt64
    ) {
        let state = random.pick(Array("RSDZTtXxKWPI".utf8))
        let threads = random.pick([0, 1, 2, 32_768])
        let ticks: UInt64 = random.pick([0, 1, 777, .max, .random(in: 0 ... .max, using: &random)])
        let before = (0..<16).map { _ in String(Int.random(in: -1...99, using: &random)) }.joined(separator: " ")
        let after = (0..<30).map { _ in String(UInt64.random(in: 0 ... .max, using: &random)) }.joined(separator: " ")
        let end = ") \(Character(Unicode.Scalar(state))) \(before) \(threads) 0 \(ticks) \(after)\n"
        return (Array("42 (".utf8) + command(using: &random) + Array(end.utf8), state, threads, ticks)
    }

    @Test func `tell a process's start whatever it calls itself`() {
        FuzzRun.values("stat", make: Self.stat) { text, state, threads, ticks in
            let read = ProcessStat(text)
            let isRight = read?.state == state && read?.threads == threads && read?.startTicks == ticks
            return isRight ? nil : "\(read.map { "\($0)" } ?? "nothing") from \(Shrinking.spelt(text))"
        }
    }

    @Test func `are read as something else or as nothing once they are changed`() {
        FuzzRun.bytes("stat changed") { random in
            Mutation.of(Self.stat(using: &random).text, tokens: Self.tokens, using: &random)
        } fault: { bytes in
            guard let read = ProcessStat(bytes) else { return nil }
            // What it says must stand there, behind the last parenthesis.
            guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return "read \(read)" }
            let rest = bytes[(end + 1)...].split { $0 == 0x20 || $0 == 0x0A }
            let stands = rest.contains { UInt64(String(decoding: $0, as: UTF8.self)) == read.startTicks }
            return stands ? nil : "\(read) does not stand there"
        }
    }

    @Test func `tell a process's user and leader, and no name can`() {
        FuzzRun.values("status") { random in
            let name = Self.command(using: &random).flatMap { $0 == 0x0A ? Array("\\n".utf8) : [$0] }
            let (leader, user) = (
                Int32.random(in: 1...4_194_304, using: &random), UInt32.random(in: 0 ... .max, using: &random)
            )
            let rest =
                "\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t\(leader)\nNgid:\t0\nPid:\t9\nUid:\t\(user)\t1\t2\t3\nGid:\t5\t5\t5\t5\n"
            return (Array("Name:\t".utf8) + name + Array(rest.utf8), leader, user)
        } fault: { text, leader, user in
            let read = ProcessStatus(text)
            return read?.leader == leader && read?.realUser == user ? nil : "\(Shrinking.spelt(text))"
        }
        FuzzRun.bytes("status changed") { random in
            let text = "Name:\tsh\nTgid:\t77\nPid:\t77\nUid:\t1000\t1000\t1000\t1000\n"
            return Mutation.of(Array(text.utf8), tokens: Self.tokens, using: &random)
        } fault: { bytes in
            guard let read = ProcessStatus(bytes) else { return nil }
            let words = bytes.split { $0 == 0x09 || $0 == 0x0A || $0 == 0x20 }.map {
                String(decoding: $0, as: UTF8.self)
            }
            let stands = words.contains { Int32($0) == read.leader } && words.contains { UInt32($0) == read.realUser }
            return stands ? nil : "\(read) does not stand there"
        }
    }

    @Test func `tell the locks that are held, and none that are waited for`() {
        FuzzRun.bytes("locks") { random in
            let lines = (1...4).map { number in
                let kind = random.pick([
                    "FLOCK  ADVISORY  WRITE", "POSIX  ADVISORY  READ ", "-> FLOCK  ADVISORY  WRITE",
                ])
                return "\(number): \(kind) \(number * 100) fe:00:\(number) 0 EOF"
            }
            return Mutation.of(Array(lines.joined(separator: "\n").utf8), tokens: Self.tokens, using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let locks = LockHolder.parse(text)
            guard locks.count <= text.split(separator: "\n").count else { return "\(locks.count) locks" }
            let stands = { (part: String) in part.isEmpty || Array(text.utf8).firstRange(of: Array(part.utf8)) != nil }
            return locks.allSatisfy { stands(String($0.inode)) && stands($0.device) } ? nil : "\(locks)"
        }
    }

    @Test func `tell the limit of open files`() {
        FuzzRun.values("limits") { random in
            let soft = UInt64.random(in: 0...1_048_576, using: &random)
            let hard: UInt64? = random.happens(inPercent: 50) ? nil : .random(in: 0 ... .max, using: &random)
            let text =
                "Limit                     Soft Limit           Hard Limit           Units     \n"
                + "Max processes             1                    2                    processes \n"
                + "Max open files            \(soft)  \(hard.map { "\($0)" } ?? "unlimited")            files     \n"
            return (text, soft, hard ?? .max)
        } fault: { text, soft, hard in
            FileDescriptorLimit.parse(text).map { $0 == (soft, hard) } ?? false ? nil : text
        }
        FuzzRun.bytes("limits changed") { random in
            Mutation.of(Array("Max open files   1024   524288   files\n".utf8), tokens: Self.tokens, using: &random)
        } fault: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let (soft, hard) = FileDescriptorLimit.parse(text) else { return nil }
            let words = text.split { $0 == " " || $0 == "\n" }
            let numbers = Set(words.map { $0 == "unlimited" ? UInt64.max : UInt64($0) ?? 0 })
            let stands = numbers.isSuperset(of: [soft, hard])
            return stands ? nil : "\(soft), \(hard)"
        }
    }

    @Test func `tell the markers of other Berths, whatever else is bound beside them`() {
        FuzzRun.values("markers") { random in
            let first = Int.random(in: 1...65_535, using: &random)
            let range = PortBlock.of(first, Int.random(in: 1...(65_536 - first), using: &random))
            let marker = RangeMarker(
                range: range, pid: .random(in: 1 ... .max, using: &random),
                pidNamespace: .random(in: 0 ... .max, using: &random))
            let stranger = Self.command(using: &random).filter { $0 != 0x0A }
            let start = Array("0000000000000000: 00000002 00000000 00010000 0001 01 17 @".utf8)
            let name = Array(marker.name(nonce: .random(in: 0 ... .max, using: &random)).utf8)
            return ([start + stranger, start + name, start, stranger], marker)
        } fault: { (lines: [[UInt8]], marker: RangeMarker) -> String? in
            let found = RangeMarker.parse(Array(lines.joined(separator: [0x0A])))
            return found == [marker] ? nil : "\(found) and not \(marker)"
        }
        FuzzRun.bytes("marker changed") { random in
            Mutation.of(Array("berth/range/20000-20999/77/4026531836/ff".utf8), tokens: Self.tokens, using: &random)
        } fault: { bytes in
            guard let marker = RangeMarker(name: String(decoding: bytes, as: UTF8.self)) else { return nil }
            return RangeMarker(name: marker.name(nonce: 1)) == marker ? nil : "\(marker)"
        }
    }
}
