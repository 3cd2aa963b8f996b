internal import CBerthLinux
internal import Glibc

/// How much memory this process keeps that it has no use for (mallopt(3)).
///
/// With 10,000 leases, after load, a daemon that does neither has 69 MiB of its own where one that does both has 42.
package enum Heap {
    /// Lets as many threads allocate at once as there are processors to run them. To be called before there are threads.
    package static func limitArenas() { berth_limit_arenas(Int32(max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

    /// Gives back what was needed for a while, as a start reads every port's row.
    package static func trim() { berth_trim_heap() }
}
