import BerthCommandLine
import BerthCore
import BerthHost
import BerthLeasing
import BerthSessions

extension Daemon {
    /// What makes sessions from the configuration's templates.
    /// - Parameter descriptorLimit: how many files agents may have open.
    func sessions(
        _ manager: LeaseManager, _ processes: LinuxProcessTable, _ probe: NetworkReadinessProbe, _ front: AgentFront,
        descriptorLimit: UInt64?
    ) -> SessionKeeper {
        SessionKeeper(
            parts: SessionKeeper.Parts(
                manager: manager, templates: configuration.templates,
                launcher: LinuxAgentLauncher(processes: processes, descriptorLimit: descriptorLimit), probe: probe,
                files: AgentFiles(folder: AgentFiles.folder(forDatabase: configuration.database)),
                url: { front.url($0, $1, $2) }, token: { front.token(ofSession: $0) }, logger: logger))
    }
}
