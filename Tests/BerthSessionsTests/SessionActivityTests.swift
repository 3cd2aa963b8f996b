import BerthCore
import BerthTestSupport
import Testing

@testable import BerthSessions

@Suite struct `The idle time of a session` {
    private let lease: LeaseID = 7

    private func at(_ milliseconds: Int64) -> BootTime { BootTime(milliseconds: milliseconds) }

    @Test func `counts from the first look where nobody ever asked`() {
        let activity = SessionActivity()
        #expect(activity.idleSince(lease, now: at(50)) == at(50))
        #expect(activity.idleSince(lease, now: at(90)) == at(50))
    }

    @Test func `does not count while a request is under way, however long it takes`() {
        let activity = SessionActivity()
        activity.began(lease, at: at(10))
        activity.began(lease, at: at(20))
        activity.ended(lease, at: at(30))
        #expect(activity.idleSince(lease, now: at(9_000)) == nil)
        activity.ended(lease, at: at(9_500))
        #expect(activity.idleSince(lease, now: at(9_600)) == at(9_500))
    }

    @Test func `starts over when it is touched, and is forgotten with the lease`() {
        let activity = SessionActivity()
        activity.began(lease, at: at(1))
        activity.ended(lease, at: at(2))
        activity.touch(lease, at: at(5))
        #expect(activity.idleSince(lease, now: at(6)) == at(5))
        activity.forget(lease)
        #expect(activity.idleSince(lease, now: at(8)) == at(8))
        // The end of a request that outlived its lease.
        activity.forget(lease)
        activity.ended(lease, at: at(9))
        #expect(activity.idleSince(lease, now: at(10)) == at(10))
    }
}
