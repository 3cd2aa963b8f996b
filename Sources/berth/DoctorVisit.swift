import BerthClient
import BerthCommandLine
import BerthCore
import BerthHost
import BerthStore
import Glibc

/// Gathers the facts for `berth doctor`. It opens files for reading only, takes no lock, and asks the daemon nothing but
/// whether it is ready.
struct DoctorVisit {
    let configuration: ServeConfiguration

    /// Every question with its facts, in the order of the report: the host, the files, the database, the daemon.
    func checks() async -> [any DoctorCheck] {
        // The ports first: what is bound before the database is read is in it, if it is leased.
        let bound = BoundPorts.read()
        let (lock, lockCheck) = lock()
        let (database, databaseCheck) = database(isServed: lock?.holder != nil)
        // The database has the pools that are served now; the configuration only those of the next start.
        let pools = database?.pools.flatMap { $0.isEmpty ? nil : $0 } ?? configuration.pools
        return [
            processes(), descriptors(of: lock?.holder), clock(newestRecord: database?.newestRecord),
            EphemeralRangeCheck(pools: pools, ephemeral: EphemeralRange.read()),
            strangers(on: pools, bound, database), otherBerths(on: pools, lock), disk(), modes(),
            SQLiteVersionCheck(
                text: DatabaseExamination.sqliteVersion.text, number: DatabaseExamination.sqliteVersion.number),
            lockCheck, databaseCheck, PoolsCheck(configured: configuration.pools, stored: database?.pools),
            await daemon(holder: lock?.holder),
        ]
    }
}

/// The facts about the database and what lies beside it.
extension DoctorVisit {
    private var lockPath: String { configuration.database + ".lock" }

    private func lock() -> (LockHolder?, any DoctorCheck) {
        do {
            let lock = try LockHolder.read(lockPath)
            return (
                lock,
                LockCheck(path: lockPath, holder: lock?.holder, written: lock?.written, command: lock?.command)
            )
        } catch {
            return (nil, UnansweredCheck(LockCheck.self, "Who holds \(lockPath) cannot be told: \(error)."))
        }
    }

    private func database(isServed: Bool) -> (DatabaseExamination?, any DoctorCheck) {
        let path = configuration.database
        do {
            guard let found = try DatabaseExamination.read(path, isServed: isServed) else {
                return (nil, DatabaseCheck(path: path, .absent))
            }
            let state = DatabaseCheck.State.examined(
                damage: found.damage, pendingMigrations: found.pendingMigrations, auditRecords: found.auditRecords)
            return (found, DatabaseCheck(path: path, state))
        } catch {
            return (nil, DatabaseCheck(path: path, .unreadable(error.message)))
        }
    }

    private func modes() -> any DoctorCheck {
        let database = configuration.database
        let beside = ["", "-wal", "-shm", "-reserve"].map { (database + $0, FileModesCheck.File.Role.database) }
        let paths =
            beside + [
                (folder, .folder), (lockPath, .lock), (configuration.tokenFile, .token),
            ]
        do {
            let files = try paths.compactMap { path, role -> FileModesCheck.File? in
                guard let status = try FileStatus.read(path) else { return nil }
                return FileModesCheck.File(
                    path: path, role: role, mode: status.mode, owner: status.owner, isLink: status.kind == .link)
            }
            return FileModesCheck(files: files, user: geteuid())
        } catch {
            return UnansweredCheck(FileModesCheck.self, "The files' modes cannot be read: \(error).")
        }
    }

    private func disk() -> any DoctorCheck {
        do {
            var place = folder
            while try FileStatus.read(place) == nil, place.contains("/"), place != "/" {
                place = Self.folder(of: place)
            }
            let room = try DiskRoom.read(place)
            return DiskCheck(folder: place, freeBytes: room.freeBytes, network: room.network)
        } catch {
            return UnansweredCheck(DiskCheck.self, "The room on the disk cannot be told: \(error).")
        }
    }

    private var folder: String { Self.folder(of: configuration.database) }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func daemon(holder: Int32?) async -> DaemonCheck {
        guard let socket = configuration.socket else {
            return DaemonCheck(socket: nil, answer: .absent, holder: holder)
        }
        return DaemonCheck(socket: socket, answer: await answer(at: socket), holder: holder)
    }

    private func answer(at socket: String) async -> DaemonCheck.Answer {
        do {
            switch try SocketProbe.look(at: socket) {
            case .absent: return .absent
            case .stale: return .stale
            case .notASocket: return .notASocket
            case .answered:
                try await BerthClient.connected(toFirstOf: [.unixSocket(path: socket)]) { client in
                    try await client.checkReadiness()
                }
                return .ready
            }
        } catch let error as ClientError {
            return error.code == "access-denied" ? .denied : .strange(error.message)
        } catch let error as BerthError {
            return .strange(error.message)
        } catch {
            return .strange("\(error)")
        }
    }
}
