-- The schema that Berth stands on. The rows decide: whatever the program caches, these rules hold for every writer,
-- the sqlite3 shell included. Rules that foreign keys would give are written as triggers too, because a shell opens
-- a database with foreign keys switched off.
--
-- Instants (`*_at`) are milliseconds since 1970 by the wall clock. Deadlines (`*_boot_ms`) are milliseconds on the
-- host's boot clock and mean something only together with the boot that they were set in.

-- One row for each boot of the kernel that Berth has seen, so that 36 characters need not stand in every row.
CREATE TABLE boots (
    id      INTEGER PRIMARY KEY,
    boot_id TEXT NOT NULL UNIQUE
) STRICT;

-- What the configuration said at the last start, and how far next fit has come.
CREATE TABLE pools (
    name                TEXT    PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 63),
    ranges              TEXT    NOT NULL,
    excluded            TEXT    NOT NULL,
    max_block           INTEGER NOT NULL CHECK (max_block >= 1),
    default_ttl_seconds INTEGER NOT NULL CHECK (default_ttl_seconds >= 1),
    quarantine_ms       INTEGER NOT NULL CHECK (quarantine_ms >= 0),
    -- The port after the block that next fit granted last; the next search starts here.
    next_port           INTEGER NOT NULL CHECK (next_port BETWEEN 1 AND 65536)
) STRICT, WITHOUT ROWID;

-- The active sessions, counted: a limit is checked without counting rows.
CREATE TABLE host (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    active_sessions INTEGER NOT NULL CHECK (active_sessions >= 0)
) STRICT;
INSERT INTO host (id, active_sessions) VALUES (1, 0);

CREATE TABLE sessions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    principal   TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('active', 'ended')),
    created_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    -- Its active leases and their ports, counted for the same reason.
    lease_count INTEGER NOT NULL DEFAULT 0 CHECK (lease_count >= 0),
    port_count  INTEGER NOT NULL DEFAULT 0 CHECK (port_count >= lease_count),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK (state = 'active' OR lease_count = 0),
    CHECK (lease_count > 0 OR port_count = 0)
) STRICT;
CREATE UNIQUE INDEX sessions_active_name ON sessions (name) WHERE state = 'active';
CREATE INDEX sessions_active ON sessions (id) WHERE state = 'active';
CREATE INDEX sessions_name ON sessions (name, id);

-- A claim on a block. AUTOINCREMENT, because an id is a fencing token and must never come twice.
CREATE TABLE leases (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id       INTEGER NOT NULL REFERENCES sessions (id),
    name             TEXT    CHECK (length(name) BETWEEN 1 AND 128),
    pool             TEXT    NOT NULL,
    first_port       INTEGER NOT NULL CHECK (first_port BETWEEN 1 AND 65535),
    count            INTEGER NOT NULL CHECK (count >= 1 AND first_port + count <= 65536),
    principal        TEXT    NOT NULL,
    -- The process whose life holds the lease: all of its identity or none of it.
    owner_boot       INTEGER REFERENCES boots (id),
    owner_namespace  INTEGER,
    owner_pid        INTEGER CHECK (owner_pid > 0),
    owner_ticks      INTEGER CHECK (owner_ticks >= 0),
    owner_inode      INTEGER,
    labels           TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(labels) AND json_type(labels) = 'object'),
    pinned           INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
    ttl_ms           INTEGER CHECK (ttl_ms > 0),
    created_at       INTEGER NOT NULL,
    renewed_at       INTEGER NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('active', 'released', 'expired', 'orphaned')),
    -- Set while the lease is active and has a TTL.
    deadline_boot    INTEGER REFERENCES boots (id),
    deadline_boot_ms INTEGER,
    expires_at       INTEGER,
    ended_at         INTEGER,
    end_reason       TEXT,
    CHECK ((state = 'active') = (ended_at IS NULL)),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((ttl_ms IS NULL) = (expires_at IS NULL)),
    CHECK ((deadline_boot_ms IS NULL) = (deadline_boot IS NULL)),
    CHECK ((deadline_boot_ms IS NOT NULL) = (state = 'active' AND ttl_ms IS NOT NULL)),
    CHECK ((owner_pid IS NULL) = (owner_boot IS NULL)),
    CHECK ((owner_pid IS NULL) = (owner_namespace IS NULL)),
    CHECK ((owner_pid IS NULL) = (owner_ticks IS NULL)),
    CHECK (owner_pid IS NOT NULL OR owner_inode IS NULL),
    CHECK (pinned = 0 OR ttl_ms IS NULL),
    -- Something ends every lease: a TTL, a process, or an administrator who pinned it.
    CHECK (ttl_ms IS NOT NULL OR owner_pid IS NOT NULL OR pinned = 1),
    CHECK (state <> 'expired' OR ttl_ms IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX leases_active_first_port ON leases (first_port, count) WHERE state = 'active';
CREATE UNIQUE INDEX leases_active_name ON leases (session_id, name) WHERE state = 'active' AND name IS NOT NULL;
CREATE INDEX leases_active ON leases (id) WHERE state = 'active';
CREATE INDEX leases_deadline ON leases (deadline_boot_ms) WHERE deadline_boot_ms IS NOT NULL;
CREATE INDEX leases_session ON leases (session_id);
CREATE INDEX leases_first_port ON leases (first_port);

CREATE TABLE agents (
    lease_id          INTEGER NOT NULL REFERENCES leases (id),
    port              INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    name              TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
    state             TEXT    NOT NULL CHECK (state IN ('reserved', 'running', 'exited')),
    process_boot      INTEGER REFERENCES boots (id),
    process_namespace INTEGER,
    process_pid       INTEGER CHECK (process_pid > 0),
    process_ticks     INTEGER CHECK (process_ticks >= 0),
    process_inode     INTEGER,
    exited_at         INTEGER,
    PRIMARY KEY (lease_id, port),
    UNIQUE (lease_id, name),
    CHECK ((state = 'reserved') = (process_pid IS NULL)),
    CHECK ((state = 'exited') = (exited_at IS NOT NULL)),
    CHECK ((process_pid IS NULL) = (process_boot IS NULL)),
    CHECK ((process_pid IS NULL) = (process_namespace IS NULL)),
    CHECK ((process_pid IS NULL) = (process_ticks IS NULL)),
    CHECK (process_pid IS NOT NULL OR process_inode IS NULL)
) STRICT, WITHOUT ROWID;

-- One row a port. Leasing is an UPDATE of rows whose lease_id is NULL; the count of changed rows must be the block's.
CREATE TABLE ports (
    port          INTEGER PRIMARY KEY CHECK (port BETWEEN 1 AND 65535),
    -- NULL once the port has left every pool: its lease lives on, and it is never granted again.
    pool          TEXT    REFERENCES pools (name),
    state         TEXT    NOT NULL CHECK (state IN ('free', 'leased', 'quarantined', 'foreign')),
    lease_id      INTEGER REFERENCES leases (id),
    -- The lease it was in last, which may have it back from quarantine, and when that ended.
    last_lease_id INTEGER,
    ended_at      INTEGER,
    -- Quarantine lasts until here at least, and longer while something is bound.
    rest_boot     INTEGER REFERENCES boots (id),
    rest_boot_ms  INTEGER,
    CHECK ((state = 'leased') = (lease_id IS NOT NULL)),
    CHECK ((state = 'quarantined') = (rest_boot_ms IS NOT NULL)),
    CHECK ((rest_boot IS NULL) = (rest_boot_ms IS NULL)),
    CHECK (pool IS NOT NULL OR state = 'leased')
) STRICT;
CREATE INDEX ports_restless ON ports (port) WHERE state IN ('quarantined', 'foreign');

-- Which blocks a holder had before, so that the same worktree gets the same ports. One row a block and holder,
-- however often it came back.
CREATE TABLE held_blocks (
    principal      TEXT    NOT NULL,
    session        TEXT    NOT NULL,
    -- '' for a lease without a name.
    name           TEXT    NOT NULL,
    pool           TEXT    NOT NULL,
    count          INTEGER NOT NULL CHECK (count >= 1),
    first_port     INTEGER NOT NULL CHECK (first_port BETWEEN 1 AND 65535),
    first_lease_id INTEGER NOT NULL,
    last_lease_id  INTEGER NOT NULL CHECK (last_lease_id >= first_lease_id),
    PRIMARY KEY (principal, session, name, pool, count, first_port)
) STRICT, WITHOUT ROWID;

-- The ledger. Each record's hash covers the record and the hash before it.
CREATE TABLE audit (
    seq        INTEGER PRIMARY KEY CHECK (seq >= 1),
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    lease_id   INTEGER,
    session    TEXT,
    pool       TEXT,
    first_port INTEGER,
    count      INTEGER,
    agent      TEXT,
    pid        INTEGER,
    principal  TEXT    NOT NULL,
    reason     TEXT,
    request_id TEXT,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    CHECK ((first_port IS NULL) = (count IS NULL))
) STRICT;

-- Outcomes of requests that carried an Idempotency-Key.
CREATE TABLE idempotency_keys (
    principal    TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    path         TEXT    NOT NULL,
    key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    status       INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
    lease_id     INTEGER NOT NULL REFERENCES leases (id),
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (principal, method, path, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Counters follow their rows.
CREATE TRIGGER sessions_started AFTER INSERT ON sessions WHEN NEW.state = 'active' BEGIN
    UPDATE host SET active_sessions = active_sessions + 1;
END;
CREATE TRIGGER sessions_ended AFTER UPDATE OF state ON sessions WHEN NEW.state = 'ended' AND OLD.state = 'active' BEGIN
    UPDATE host SET active_sessions = active_sessions - 1;
END;
CREATE TRIGGER sessions_are_new BEFORE INSERT ON sessions
WHEN EXISTS (SELECT 1 FROM sessions WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'a session''s id is never used again');
END;
CREATE TRIGGER sessions_never_share_a_name BEFORE INSERT ON sessions
WHEN NEW.state = 'active' AND EXISTS (SELECT 1 FROM sessions WHERE name = NEW.name AND state = 'active') BEGIN
    SELECT RAISE(ABORT, 'an active session has this name');
END;
CREATE TRIGGER sessions_stay_ended BEFORE UPDATE ON sessions
WHEN OLD.state = 'ended' OR NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.principal <> OLD.principal BEGIN
    SELECT RAISE(ABORT, 'a session keeps its id, name and principal, and an ended one is only kept');
END;
CREATE TRIGGER sessions_are_kept BEFORE DELETE ON sessions BEGIN
    SELECT RAISE(ABORT, 'sessions are kept');
END;

-- Active blocks are disjoint, so only the last one that starts at or before the new block's end can overlap it:
-- one look into leases_active_first_port.
CREATE TRIGGER leases_never_overlap BEFORE INSERT ON leases
WHEN NEW.state = 'active' AND NEW.first_port < (
    SELECT first_port + count FROM leases
    WHERE state = 'active' AND first_port < NEW.first_port + NEW.count
    ORDER BY first_port DESC LIMIT 1
) BEGIN
    SELECT RAISE(ABORT, 'two live leases would share a port');
END;
-- INSERT OR REPLACE would take a row away without asking the triggers below.
CREATE TRIGGER leases_are_new BEFORE INSERT ON leases WHEN EXISTS (SELECT 1 FROM leases WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'a lease''s id is never used again');
END;
CREATE TRIGGER leases_never_share_a_name BEFORE INSERT ON leases
WHEN NEW.state = 'active' AND NEW.name IS NOT NULL AND EXISTS (
    SELECT 1 FROM leases WHERE session_id = NEW.session_id AND name = NEW.name AND state = 'active'
) BEGIN
    SELECT RAISE(ABORT, 'an active lease of the session has this name');
END;
CREATE TRIGGER leases_stay_put BEFORE UPDATE ON leases
WHEN OLD.state <> 'active' OR NEW.id <> OLD.id OR NEW.session_id <> OLD.session_id OR NEW.pool <> OLD.pool
    OR NEW.first_port <> OLD.first_port OR NEW.count <> OLD.count OR NEW.principal <> OLD.principal
    OR NEW.name IS NOT OLD.name OR NEW.created_at <> OLD.created_at BEGIN
    SELECT RAISE(ABORT, 'a lease keeps its identity and block, and an ended one never changes');
END;
CREATE TRIGGER leases_are_kept BEFORE DELETE ON leases BEGIN
    SELECT RAISE(ABORT, 'leases are kept');
END;

-- A port goes from nobody to an active lease that covers it, and back only once that lease has ended.
CREATE TRIGGER ports_are_claimed BEFORE UPDATE ON ports WHEN NEW.lease_id IS NOT NULL AND NEW.lease_id IS NOT OLD.lease_id
    AND (OLD.lease_id IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM leases
        WHERE id = NEW.lease_id AND state = 'active' AND NEW.port BETWEEN first_port AND first_port + count - 1)
    ) BEGIN
    SELECT RAISE(ABORT, 'a port is leased only from nobody, to an active lease that covers it');
END;
CREATE TRIGGER ports_are_given_back BEFORE UPDATE ON ports WHEN OLD.lease_id IS NOT NULL AND NEW.lease_id IS NULL
    AND EXISTS (SELECT 1 FROM leases WHERE id = OLD.lease_id AND state = 'active') BEGIN
    SELECT RAISE(ABORT, 'a port leaves its lease only when the lease has ended');
END;
CREATE TRIGGER ports_keep_their_number BEFORE UPDATE ON ports WHEN NEW.port <> OLD.port BEGIN
    SELECT RAISE(ABORT, 'a port keeps its number');
END;
CREATE TRIGGER ports_start_unleased BEFORE INSERT ON ports
WHEN NEW.lease_id IS NOT NULL OR EXISTS (SELECT 1 FROM ports WHERE port = NEW.port AND lease_id IS NOT NULL) BEGIN
    SELECT RAISE(ABORT, 'a port starts without a lease, and a leased one is never replaced');
END;
CREATE TRIGGER ports_leave_unleased BEFORE DELETE ON ports
WHEN OLD.lease_id IS NOT NULL AND EXISTS (SELECT 1 FROM leases WHERE id = OLD.lease_id AND state = 'active') BEGIN
    SELECT RAISE(ABORT, 'a leased port is never removed');
END;

-- An agent's port lies in its lease.
CREATE TRIGGER agents_lie_in_their_lease BEFORE INSERT ON agents
WHEN NOT EXISTS (
    SELECT 1 FROM leases WHERE id = NEW.lease_id AND NEW.port BETWEEN first_port AND first_port + count - 1
) BEGIN
    SELECT RAISE(ABORT, 'an agent''s port lies in its lease');
END;
CREATE TRIGGER agents_keep_their_port BEFORE UPDATE ON agents
WHEN NEW.lease_id <> OLD.lease_id OR NEW.port <> OLD.port BEGIN
    SELECT RAISE(ABORT, 'an agent keeps its lease and port');
END;

-- The ledger only grows, one record after the other, and its time never runs backwards.
CREATE TRIGGER audit_grows BEFORE INSERT ON audit
WHEN NEW.seq <> COALESCE((SELECT max(seq) FROM audit), 0) + 1
    OR NEW.at < (SELECT at FROM audit WHERE seq = NEW.seq - 1) BEGIN
    SELECT RAISE(ABORT, 'audit records are appended in order');
END;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit records are never changed');
END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit records are never deleted');
END;
