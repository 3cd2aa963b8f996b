import BerthCore
import BerthTestSupport
import Glibc
import Testing

@testable import BerthHost

@Suite struct `Reading the host` {
    @Test func `reads both clocks`() throws {
        let clock = try LinuxClock()
        let first = clock.now()
        let wall = Int64(time(nil)) * 1000
        let second = clock.now()
        #expect(first.boot <= second.boot)
        #expect(first.wall.milliseconds < wall + 1000)
        #expect(second.wall.milliseconds >= wall)
        #expect(first.bootID == clock.bootID)
        #expect(clock.bootID.description.utf8.count == 36)
    }

    @Test func `says what is missing where there is no boot id`() {
        #expect { try LinuxClock.readBootID(at: "/nonexistent/boot_id") } throws: { error in
            let error = error as? BerthError
            return error?.code == .configuration && error?.message.contains("/nonexistent/boot_id") == true
        }
        #expect(throws: BerthError.self) { try LinuxClock.readBootID(at: "/dev/null") }
    }

    @Test func `reads the ephemeral range`() throws {
        #expect(EphemeralRange.parse("32768\t60999\n")?.description == "32768-60999")
        for text in ["", "1", "0 5", "9 1", "1 65536", "1 2 3", "a b", "-1 5"] {
            #expect(EphemeralRange.parse(text) == nil, "\(text)")
        }
        let range = try #require(EphemeralRange.read())
        let holder = try TestSocket.bind(.udp, .ipv4("127.0.0.1"))
        #expect(range.contains(try holder.port()))
    }

    @Test func `raises the limit of descriptors to the hard one`() throws {
        let limit = try FileDescriptorLimit.raise()
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        #expect(limits.rlim_cur == limits.rlim_max)
        #expect(UInt64(limits.rlim_cur) == limit)
    }

    @Test func `tells used-up descriptors from a defect`() throws {
        let block = PortBlock(8080)
        #expect(LinuxPortProbe.error(EMFILE, block).code == .storageUnavailable)
        #expect(LinuxPortProbe.error(ENOBUFS, block).code == .storageUnavailable)
        #expect(LinuxPortProbe.error(EINVAL, block).code == .internal)
    }
}
