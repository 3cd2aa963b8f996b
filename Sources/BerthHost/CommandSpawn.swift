internal import CBerthLinux
internal import Glibc

/// Starts this very program anew as a child, in our process group, with chosen descriptors, and with those that are open
/// without close-on-exec just then: the child closes them (``CommandShim/closeOthers(keeping:)``).
///
/// posix_spawn(3) and not fork(2): between fork and exec a process with threads may call next to nothing.
package struct CommandSpawn {
    private let arguments: [[UInt8]]
    private let environment: [[UInt8]]
    private let descriptors: [Int32]
    private let restoresSIGPIPE: Bool
    private let apartWithOutput: Int32?

    /// - Parameters:
    ///   - arguments: with the name that the child sees as its own.
    ///   - environment: the whole of it.
    ///   - descriptors: the child has these, under the same numbers, beside the standard streams.
    ///   - restoresSIGPIPE: the child does not ignore SIGPIPE although we do by now.
    ///   - apartWithOutput: nil for a child of our session with our standard streams. Else the child leads a session of
    ///     its own, handles all signals as usual, reads nothing, and writes to this descriptor.
    package init(
        arguments: [[UInt8]], environment: [[UInt8]], descriptors: [Int32], restoresSIGPIPE: Bool,
        apartWithOutput: Int32? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
        self.restoresSIGPIPE = restoresSIGPIPE
        self.apartWithOutput = apartWithOutput
    }

    /// Starts the child.
    /// - Parameter program: another one than this, for tests, whose own program is none of ours.
    /// - Returns: its PID.
    package func start(_ program: String = "/proc/self/exe") throws(SystemError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let apartWithOutput {
            posix_spawn_file_actions_adddup2(&actions, apartWithOutput, 1)
            posix_spawn_file_actions_adddup2(&actions, apartWithOutput, 2)
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for descriptor in descriptors {
            // Onto itself, which takes close-on-exec away (glibc 2.29).
            posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads that Swift's tasks run on have nearly every signal blocked, and the child would have them too.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        var restored = sigset_t()
        sigemptyset(&restored)
        if restoresSIGPIPE { sigaddset(&restored, SIGPIPE) }
        if apartWithOutput != nil { sigfillset(&restored) }
        posix_spawnattr_setsigdefault(&attributes, &restored)
        let session = apartWithOutput == nil ? Int32(0) : berth_spawn_session_flag()
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | session))
        let (argv, envp) = (CStrings(arguments), CStrings(environment))
        var pid: pid_t = 0
        let result = argv.withPointer { argv in
            envp.withPointer { envp in posix_spawn(&pid, program, &actions, &attributes, argv, envp) }
        }
        guard result == 0 else { throw SystemError("posix_spawn(3)", result) }
        return pid
    }
}
