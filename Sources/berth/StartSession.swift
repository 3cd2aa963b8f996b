import ArgumentParser
import BerthAPI
import BerthClient
import BerthCommandLine
import BerthCore

struct StartSession: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a session from a template: its agents, each on a port of one block.",
        discussion: """
            Templates stand in the daemon's berth.yaml. It ends when all agents are ready, and prints where they are. With no \
            SESSION the session is this checkout's. The token that --json prints opens the session at the router.

            A session of six agents for an hour, waiting for ports if need be:
              berth session start fantasy-draft alice --var league=demo --ttl 1h --wait 5m
            One agent's URL, for a script:
              berth session start fantasy-draft alice --json | jq -r .agent_urls.commissioner
            """)

    @Argument(help: "The template.")
    var template: String

    @Argument(help: "The session's name. Default: this checkout's.")
    var session: String?

    @Option(
        name: .customLong("var"),
        help: ArgumentHelp("A variable of the template; repeatable.", valueName: "name=value"))
    var variables: [VariableArgument] = []

    @Option(help: ArgumentHelp("When it ends: 300, 5m, 1h30m, 90d. Default: the pool's.", valueName: "duration"))
    var ttl: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "Wait in line for so long, an hour at most, instead of failing.", valueName: "duration"))
    var wait: WaitArgument?

    @OptionGroup var json: JSONOption
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if session?.isEmpty == true { throw ValidationError("The session needs a name.") }
        do { _ = try VariableArgument.values(variables) } catch { throw ValidationError(error.message) }
    }

    func run() async throws {
        let name = session ?? Run.worktreeKey().rawValue
        guard let session = SessionName(rawValue: name) else {
            throw UsageError("'\(name)' is no session's name: it must be \(SessionName.rule).")
        }
        guard let template = TemplateName(rawValue: template) else {
            throw UsageError("'\(template)' is no template's name: it must be \(TemplateName.rule).")
        }
        let wish = BerthClient.SessionWish(
            SessionRequest(
                session: session, template: template, variables: try VariableArgument.values(variables),
                ttl: ttl.map { .seconds($0.seconds) } ?? .byDefault),
            seconds: wait?.seconds ?? 0)
        let started = try await daemon.connected { client in
            try await PlaceInLine.shown(of: wish.id, session: name, client, isWaiting: wish.seconds > 0) {
                try await client.startSession(wish)
            }
        }
        if json.isWanted {
            try Terminal.show(json: started)
        } else {
            try Terminal.show(TextTable.agents(started.session.made?.agents ?? []).text(Terminal.style))
        }
        Terminal.remark("Session \(name). End it with: berth session end \(name)")
    }
}

extension VariableArgument: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
