import BerthCore
import BerthStore
import Synchronization

/// Which blocks recent holders had before, so that a holder who comes back costs no look into the database.
///
/// The rows stay the truth: whoever is not here is read from them, and a proposal made from a stale entry is only a
/// proposal. It holds a bounded number of holders; when it is full it starts anew, which costs each one read.
final class HolderHistory: Sendable {
    /// What makes a holder the same one: see "choice of block" in the API's contract.
    struct Holder: Hashable {
        let principal: Principal
        let session: SessionName
        let name: LeaseName?
        let pool: PoolName
        let count: Int
    }

    /// A holder's blocks are known once they were read; grants that come during the read are kept for its end.
    private enum Entry {
        case reading(granted: [HeldBlock])
        case known([HeldBlock])
    }

    private static let capacity = 20_000

    private let entries = Mutex<[Holder: Entry]>([:])

    /// The holder's blocks, the earliest granted first; nil when the caller must read them and tell ``learn(_:of:)``.
    func blocks(of holder: Holder) -> [HeldBlock]? {
        entries.withLock { entries in
            switch entries[holder] {
            case .known(let blocks): return blocks
            case .reading: return nil
            case nil:
                if entries.count >= Self.capacity { entries = [:] }
                entries[holder] = .reading(granted: [])
                return nil
            }
        }
    }

    /// What the rows say, read after ``blocks(of:)`` was asked. Returns it with the grants since then.
    func learn(_ found: [HeldBlock], of holder: Holder) -> [HeldBlock] {
        entries.withLock { entries in
            switch entries[holder] {
            case .known(let blocks): return blocks
            case .reading(let granted):
                let blocks = granted.reduce(into: found) { Self.note($1, in: &$0) }
                entries[holder] = .known(blocks)
                return blocks
            // It was forgotten meanwhile, so grants may have been missed: the next one reads again.
            case nil: return found
            }
        }
    }

    /// A grant is durable.
    func note(_ lease: Lease) {
        let block = HeldBlock(block: lease.block, lastLease: lease.id)
        let holder = Holder(lease)
        entries.withLock { entries in
            switch entries[holder] {
            case .known(var blocks):
                Self.note(block, in: &blocks)
                entries[holder] = .known(blocks)
            case .reading(var granted):
                Self.note(block, in: &granted)
                entries[holder] = .reading(granted: granted)
            // Only the rows have all of its blocks.
            case nil: break
            }
        }
    }

    private static func note(_ block: HeldBlock, in blocks: inout [HeldBlock]) {
        if let index = blocks.firstIndex(where: { $0.block == block.block }) {
            blocks[index] = block
        } else {
            blocks.append(block)
        }
    }
}

extension HolderHistory.Holder {
    init(_ lease: Lease) {
        self.init(
            principal: lease.principal, session: lease.session, name: lease.name, pool: lease.pool,
            count: lease.block.count)
    }

    init(_ request: GrantRequest, principal: Principal) {
        self.init(
            principal: principal, session: request.session, name: request.name, pool: request.pool,
            count: request.count)
    }
}
