internal import CBerthLinux

/// How many files this process may have open (getrlimit(2), RLIMIT_NOFILE).
package enum FileDescriptorLimit {
    /// Raises the soft limit to the hard one and returns it.
    ///
    /// The usual soft limit of 1024 is for programs that call select(2); a server with a connection per agent isn't.
    package static func raise() throws(SystemError) -> UInt64 {
        var limit: UInt64 = 0
        let result = berth_raise_descriptor_limit(&limit)
        guard result >= 0 else { throw SystemError("setrlimit(2)", -result) }
        return limit
    }
}
