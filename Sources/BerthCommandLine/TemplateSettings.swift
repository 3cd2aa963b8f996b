package import BerthCore

/// One template of a configuration file, checked as far as the file alone allows.
struct TemplateSettings: Sendable {
    let template: SessionTemplate
    let poolSource: SettingSource
    /// Where it says whom it runs as, or where it begins.
    let userSource: SettingSource
}

/// The templates of a configuration, which need its pools.
enum TemplateLayers {
    /// - Throws: ``ErrorCode/configuration`` with everything that is wrong with the templates, each with its line.
    static func templates(_ file: FileSettings, pools: [Pool]) throws(BerthError) -> [TemplateSettings] {
        let mistakes = Mistakes()
        for settings in file.templates {
            let template = settings.template
            guard let pool = pools.first(where: { $0.name == template.pool }) else {
                let names = pools.map(\.name.rawValue).joined(separator: ", ")
                mistakes.note(settings.poolSource, "there is no pool '\(template.pool)'; there are: \(names)")
                continue
            }
            let count = template.agents.count
            if count > pool.maxBlock {
                mistakes.note(
                    settings.poolSource,
                    "the template '\(template.name)' has \(count) agents, and a block of the pool '\(pool.name)' at most"
                        + " \(pool.maxBlock) ports (max_block)")
            } else if !pool.canEverHold(count: count, align: 1) {
                mistakes.note(
                    settings.poolSource,
                    "no range of the pool '\(pool.name)' has \(count) consecutive ports for the agents of"
                        + " '\(template.name)'")
            }
        }
        if let error = Mistakes.error(file.templateMistakes + mistakes.all) { throw error }
        return file.templates
    }
}

extension ServeConfiguration {
    /// Checks whom the templates' agents would run as: a daemon of root's names another user for each template, and only
    /// that daemon can.
    /// - Parameters:
    ///   - daemonUser: the daemon's effective user.
    ///   - userID: the number of the user of that name; nil where there is none.
    /// - Throws: ``ErrorCode/configuration`` with each template that is wrong.
    package func checkTemplateUsers(
        daemonUser: UInt32, userID: (String) throws(BerthError) -> UInt32?
    ) throws(BerthError) {
        let mistakes = Mistakes()
        for template in templates {
            let source = userSources[template.name] ?? .standard
            guard let user = template.user else {
                if daemonUser == 0 {
                    mistakes.note(
                        source,
                        "the template '\(template.name)' needs 'user:', since the daemon runs as root and its agents must"
                            + " not")
                }
                continue
            }
            guard let id = try userID(user) else {
                mistakes.note(source, "there is no user '\(user)' on this host")
                continue
            }
            if daemonUser == 0, id == 0 {
                mistakes.note(source, "agents do not run as root: name another user than '\(user)'")
            } else if daemonUser != 0, id != daemonUser {
                mistakes.note(
                    source,
                    "only a daemon that runs as root can start agents as '\(user)': leave 'user:' out, and they run as the"
                        + " daemon's own user")
            } else if id != daemonUser, let agent = template.agents.first(where: \.isContainer) {
                mistakes.note(
                    source,
                    "the container '\(agent.name)' would write its id into the daemon's own folder, which '\(user)' cannot:"
                        + " run templates with containers with a daemon of that user")
            }
        }
        if let error = Mistakes.error(mistakes.all) { throw error }
    }
}
