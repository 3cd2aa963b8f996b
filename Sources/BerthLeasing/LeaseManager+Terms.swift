import BerthCore

/// What a request comes to once its pool and its caller are known.
struct Terms {
    let owner: ProcessIdentity?
    let ttlMilliseconds: Int64?
}

extension LeaseManager {
    /// Checks what only the pool and the caller tell.
    func terms(of request: GrantRequest, for caller: Caller) throws(BerthError) -> Terms {
        guard let pool = pools[request.pool] else {
            let names = pools.keys.map(\.rawValue).sorted().joined(separator: ", ")
            throw BerthError.invalid("pool", "there is no pool \(request.pool); there are: \(names)")
        }
        try checkSize(request, pool)
        // What is woken has the terms of its session.
        let ttl = request.wakes == nil ? try ttlMilliseconds(request, pool, caller) : nil
        let owner: ProcessIdentity? =
            if let named = request.owner {
                try identify(named, field: "owner_pid", for: caller)
            } else {
                nil
            }
        return Terms(owner: owner, ttlMilliseconds: ttl)
    }

    private func checkSize(_ request: GrantRequest, _ pool: Pool) throws(BerthError) {
        guard request.count <= pool.maxBlock else {
            throw BerthError.invalid("count", "the pool \(pool.name) grants at most \(pool.maxBlock) ports at once")
        }
        guard pool.canEverHold(count: request.count, align: 1) else {
            throw BerthError.invalid(
                "count", "no range of the pool \(pool.name) holds \(request.count) consecutive ports")
        }
        guard pool.canEverHold(count: request.count, align: request.align) else {
            throw BerthError.invalid(
                "align", "no range of the pool \(pool.name) holds such a block at a multiple of \(request.align)")
        }
        guard case .exactly(let first) = request.placement else { return }
        guard let block = PortBlock(first: first, count: request.count),
            pool.runs.contains(where: { $0.contains(block) })
        else {
            throw BerthError.invalid(
                "first_port", "the block would not lie in one range of the pool \(pool.name), or holds an excluded port"
            )
        }
        guard Int(first.number) % request.align == 0 else {
            throw BerthError.invalid("first_port", "it is no multiple of align, \(request.align)")
        }
    }

    private func ttlMilliseconds(
        _ request: GrantRequest, _ pool: Pool, _ caller: Caller
    ) throws(BerthError) -> Int64? {
        if request.isPinned, !caller.isAdministrator {
            throw BerthError.invalid("pinned", "only an administrator may pin a lease")
        }
        switch request.ttl {
        case .seconds(let seconds):
            guard !request.isPinned else {
                throw BerthError.invalid("pinned", "a pinned lease has no TTL; leave ttl_seconds out or give null")
            }
            return seconds * 1000
        case .byDefault:
            return request.isPinned || request.owner != nil ? nil : pool.defaultTTLSeconds * 1000
        case .never:
            guard request.owner != nil || request.isPinned else {
                throw BerthError.invalid(
                    "ttl_seconds",
                    "a lease without an owner_pid needs a TTL, unless an administrator pins it with \"pinned\": true")
            }
            return nil
        }
    }
}
