/// Starts and ends agents' processes, behind a protocol so that a seed can replay their lives.
///
/// A start has two phases, so that no process runs that the database does not know: ``prepare(_:)`` makes one that waits,
/// whose identity is committed, and ``PreparedAgent/go()`` lets it become the agent, under the same identity.
package protocol AgentLauncher: Sendable {
    /// Makes the agent's process. It executes nothing yet, and ends by itself when the daemon dies before it says go.
    /// - Throws: ``ErrorCode/configuration`` for an order that can't be followed, such as a log that is a link;
    ///   ``ErrorCode/internal`` when the host gives no process or no descriptor.
    func prepare(_ order: AgentOrder) throws(BerthError) -> any PreparedAgent

    /// Ends an agent with all its descendants: first `signal` for each of them, and SIGKILL for those that are left after
    /// the grace. It returns when none is left, and takes the exit status of a child of ours. It works for agents of an
    /// earlier daemon, and for those whose first process has ended already.
    func stop(_ agent: ProcessIdentity, signal: Int32, graceMilliseconds: Int64) async -> StopOutcome

    /// How the agent's first process ended; nil while it lives. Told once, to be asked for after its death was told and
    /// its descendants were stopped: until then it is a zombie, which keeps its number from meaning another process.
    func reap(_ agent: ProcessIdentity) -> AgentEnd?

    /// Gives the front of a log back once it is twice as long as it may be; to be called every second or so.
    func trimLog(_ path: String) throws(BerthError)

    /// The log's last whole lines, at most so many bytes of them; empty where there is no log.
    func tailOfLog(_ path: String, bytes: Int) throws(BerthError) -> String

    /// What was written to a log behind a position, at most so many bytes of it, and the position behind that. A log that
    /// is shorter by now was cut meanwhile, and is read from its beginning; nil for the position reads the log's end.
    func readLog(
        _ path: String, behind position: Int64?, maxBytes: Int
    ) throws(BerthError) -> (bytes: [UInt8], end: Int64)

    /// Removes a log, and its folder if it is empty then. A log that is not there is no error.
    func removeLog(_ path: String) throws(BerthError)

    /// The container whose id the agent's command wrote; nil while there is none.
    /// - Throws: ``ErrorCode/configuration`` for a file that holds something else.
    func containerID(at cidfile: String) throws(BerthError) -> ContainerID?

    /// Whether the container runs, as its engine says.
    func state(of container: AgentContainer) async -> ContainerState

    /// Stops the container through its engine, which sends its signal and kills it after the grace, and removes it. The
    /// process of the command that started it is none of the container's: ``stop(_:signal:graceMilliseconds:)`` ends it.
    /// - Throws: ``ErrorCode/internal`` with what the engine said when the container may still run.
    func stop(_ container: AgentContainer, graceMilliseconds: Int64) async throws(BerthError)
}

/// A process that waits to become an agent. One that is let go of without ``go()`` ends without having executed anything.
package protocol PreparedAgent: Sendable {
    /// The process's identity, which is the agent's from its start on.
    var process: ProcessIdentity { get }

    /// Lets the process become the agent; it returns when the program is executed. To be called once.
    /// - Throws: ``ErrorCode/configuration`` with the reason in words when it can't be: no such program, no permission, no
    ///   such folder or user. The process has ended then and is reaped.
    func go() async throws(BerthError)

    /// Ends the process, which has executed nothing, and reaps it.
    func cancel() async
}
