internal import BerthCore
internal import NIOCore

/// From a request's head to the connection that carries it.
extension ClientHandler {
    /// A request's turn has come.
    func begin(_ head: RequestHead) {
        turn += 1
        patience = .none
        exchange.begin()
        let passage = Passage(head: head, requestID: state.parts.requestID(head.fields[.requestID].first))
        passage.isLast =
            state.isClosing || head.connection.hasClose || !head.isCurrent && !head.connection.hasKeepAlive
        self.passage = passage
        do throws(BerthError) {
            let reading = try RequestReading(head, scheme: state.parts.scheme, memory: &memory) { host in
                RequestHost(
                    host, client: clientAddress, scheme: state.parts.scheme, at: context?.channel.localAddress,
                    isOwnHost: state.parts.isOwnHost)
            }
            passage.reading = reading
            reader.begin(reading.framing)
            switch reading.wish {
            case .redirect(let place): redirect(to: place)
            case .agent(let target): try admit(target, reading)
            }
        } catch {
            refuse(error)
        }
    }

    /// What came is no request.
    func begin(_ fault: BerthError) {
        exchange.begin()
        let passage = Passage(head: .unread, requestID: state.parts.requestID(nil))
        passage.isLast = true
        self.passage = passage
        refuse(fault)
    }

    /// Looks who asks, and for what.
    private func admit(_ target: RouteTarget, _ reading: RequestReading) throws(BerthError) {
        guard let passage else { return }
        let head = passage.head
        let session = state.parts.table.session(target.session)
        let credential = try Credential.find(
            in: head.fields, for: session, memory: &memory.credential, state.parts.gate)
        if credential == .cookie { try BrowserCheck.check(head, host: reading.host.text, scheme: state.parts.scheme) }
        guard let session else { throw BerthError(.notFound, "There is no such session, or it is somebody else's.") }
        passage.target = target
        passage.session = session
        passage.credential = credential
        passage.keepsAuthorization = keepsAuthorization(head, credential, session)
        route(isSecondTry: false)
    }

    /// An `Authorization` goes on where it is the agent's own business, and not when it would open something of Berth's.
    private func keepsAuthorization(
        _ head: RequestHead, _ credential: Credential, _ session: RoutedSession
    ) -> Bool {
        guard credential != .authorization else { return false }
        return head.fields[.authorization].allSatisfy { field in
            BearerToken.secret(in: field).map { state.parts.gate.present($0).judge(for: session) == .unknown } ?? true
        }
    }

    private func route(isSecondTry: Bool) {
        guard let target = passage?.target, let session = passage?.session else { return }
        switch state.parts.table.route(target.agent, of: session) {
        case .noAgent:
            refuse(.unknownAgent(target.agent, of: session.name))
        case .route(let route) where state.parts.table.begin(route.lease):
            passage?.route = route
            passage?.wantsHeld = state.parts.transform?.wants(route, path: passage?.path ?? "") ?? false
            connect(isNew: false)
        case .route, .asleep:
            guard !isSecondTry else { return refuse(Self.unreachable(target.agent, "its session does not stay awake")) }
            wake(session, for: target.agent)
        }
    }

    private func wake(_ session: RoutedSession, for agent: AgentName) {
        guard let loop = context?.eventLoop else { return }
        let (bound, turn, table) = (NIOLoopBound(self, eventLoop: loop), turn, state.parts.table)
        Task {
            let outcome: Result<Void, BerthError>
            do throws(BerthError) {
                try await table.wake(session, for: agent)
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            loop.execute { bound.value.woken(outcome, turn) }
        }
    }

    private func woken(_ outcome: Result<Void, BerthError>, _ turn: Int) {
        guard self.turn == turn, exchange == .preparing else { return }
        switch outcome {
        case .success: route(isSecondTry: true)
        case .failure(let error): refuse(error)
        }
        pump()
    }

    /// Finds a connection to the agent or makes one.
    func connect(isNew: Bool) {
        guard let passage, let place = passage.place else { return }
        if !isNew, let upstream = state.pool.take(place, mayRepeat: passage.isRepeatable) {
            return pass(over: upstream)
        }
        guard state.parts.table.isLive(place.lease) else { return leaseEnded() }
        let turn = turn
        state.pool.connect(place).whenComplete { result in
            guard self.turn == turn, self.exchange == .preparing else {
                // Nobody waits for it any more.
                if case .success(let upstream) = result { upstream.close() }
                return
            }
            switch result {
            case .success(let upstream): self.pass(over: upstream)
            case .failure(let error): self.refuse(Self.failure(error, passage.route?.agent))
            }
            self.pump()
        }
    }

    /// Sends the head over a connection that is open.
    ///
    /// The lease is looked at once more: from before it ended nobody else could have been at the other end, and by the time
    /// that its ports are granted again it is known to have ended.
    private func pass(over upstream: UpstreamConnection) {
        guard let passage, let reading = passage.reading, let target = passage.target,
            let credential = passage.credential
        else { return upstream.close() }
        guard state.parts.table.isLive(upstream.place.lease), upstream.isOpen else {
            upstream.abandon()
            return leaseEnded()
        }
        upstream.take(self, isHead: passage.head.method == .head)
        upstream.setHeld(!isWritable)
        passage.upstream = upstream
        let fields = RequestFields(
            origin: RequestFields.Origin(host: reading.host, prefix: target.prefix, requestID: passage.requestID),
            framing: reading.framing, credential: credential, keepsAuthorization: passage.keepsAuthorization,
            upgrade: reading.upgrade, isHeld: passage.wantsHeld)
        exchange.pass(isRepeatable: upstream.wasUsed && passage.isRepeatable)
        upstream.output.write(fields.head(passage.head, path: target.path, authority: upstream.authority))
        // That was all of it.
        if reading.framing == .none { exchange.sendEnd() }
    }

    private func leaseEnded() {
        RouterMetrics.ended()
        refuse(Self.unreachable(passage?.route?.agent, "the lease of its port has ended"))
    }

    static func unreachable(_ agent: AgentName?, _ reason: String) -> BerthError {
        BerthError(
            .agentUnreachable,
            "The agent \(agent?.rawValue ?? "") cannot be reached: \(reason). See whether it runs, and ask again.")
    }

    private static func failure(_ error: any Error, _ agent: AgentName?) -> BerthError {
        if case ChannelError.connectTimeout = error {
            return BerthError(
                .agentTimeout,
                "The agent \(agent?.rawValue ?? "") took no connection for seconds. See whether it is stuck, and ask again."
            )
        }
        return unreachable(agent, "nobody takes connections on its port")
    }
}
