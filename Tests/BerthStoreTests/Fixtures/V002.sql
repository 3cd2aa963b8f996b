PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE schema_migrations (
    version  INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    checksum TEXT NOT NULL
) STRICT;
INSERT INTO schema_migrations VALUES(1,'V001__leases','3b4b845d3aa3951b8d23a488fb6578269bce372be485f77532a286a8d486046d');
INSERT INTO schema_migrations VALUES(2,'V002__deaths','e8543a0d7e27a5dbe85ff53a0b988b3aea0dc1c10af91ba0e1103f9836f73485');
CREATE TABLE boots (
    id      INTEGER PRIMARY KEY,
    boot_id TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO boots VALUES(1,'880d7409-d307-481f-8034-5ae204c0fddb');
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
INSERT INTO pools VALUES('default','24000-24019','1,7,9,11,13,15,17,19-23,25,37,42-43,53,69,77,79,87,95,101-104,109-111,113,115,117,119,123,135,137,139,143,161,179,389,427,465,512-515,526,530-532,540,548,554,556,563,587,601,636,989-990,993,995,1719-1720,1723,2049,3659,4045,4190,5060-5061,6000,6566,6665-6669,6679,6697,10080',256,3600,60000,24007);
CREATE TABLE host (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    active_sessions INTEGER NOT NULL CHECK (active_sessions >= 0)
) STRICT;
INSERT INTO host VALUES(1,2);
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
INSERT INTO sessions VALUES(1,'ended','uid:0','ended',1795532240055,1795532240066,0,0);
INSERT INTO sessions VALUES(2,'live','uid:0','active',1795532240079,NULL,1,3);
INSERT INTO sessions VALUES(3,'owned','uid:0','active',1795532240094,NULL,1,1);
INSERT INTO sessions VALUES(4,'short','uid:0','ended',1795532240106,1795532241189,0,0);
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
    end_reason       TEXT, owner_exited_at INTEGER CHECK (owner_exited_at IS NULL OR owner_pid IS NOT NULL),
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
INSERT INTO leases VALUES(1,1,'web','default',24000,2,'uid:0',NULL,NULL,NULL,NULL,NULL,'{}',0,3600000,1795532240055,1795532240055,'released',NULL,NULL,1795535840055,1795532240066,'released by its client',NULL);
INSERT INTO leases VALUES(2,2,'web','default',24002,3,'uid:0',NULL,NULL,NULL,NULL,NULL,'{"repo":"draft"}',0,5000000,1795532240079,1795532240121,'active',1,70201757,1795537240121,NULL,NULL,NULL);
INSERT INTO leases VALUES(3,3,NULL,'default',24005,1,'uid:0',1,4026531836,30508,6520167,2009872,'{}',0,NULL,1795532240094,1795532240094,'active',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO leases VALUES(4,4,NULL,'default',24006,1,'uid:0',NULL,NULL,NULL,NULL,NULL,'{}',0,1000,1795532240106,1795532240106,'expired',NULL,NULL,1795532241106,1795532241189,'its TTL ran out',NULL);
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
INSERT INTO agents VALUES(2,24002,'one','reserved',NULL,NULL,NULL,NULL,NULL,NULL);
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
    rest_boot_ms  INTEGER, rest_since INTEGER
    CHECK (rest_since IS NULL OR state IN ('quarantined', 'foreign')), rest_reason TEXT CHECK (rest_reason IS NULL OR rest_since IS NOT NULL),
    CHECK ((state = 'leased') = (lease_id IS NOT NULL)),
    CHECK ((state = 'quarantined') = (rest_boot_ms IS NOT NULL)),
    CHECK ((rest_boot IS NULL) = (rest_boot_ms IS NULL)),
    CHECK (pool IS NOT NULL OR state = 'leased')
) STRICT;
INSERT INTO ports VALUES(24000,'default','free',NULL,1,1795532240066,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24001,'default','free',NULL,1,1795532240066,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24002,'default','leased',2,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24003,'default','leased',2,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24004,'default','leased',2,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24005,'default','leased',3,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24006,'default','quarantined',NULL,4,1795532241189,1,65262824,1795532241189,'lease 4 expired: its TTL ran out');
INSERT INTO ports VALUES(24007,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24008,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24009,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24010,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24011,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24012,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24013,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24014,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24015,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24016,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24017,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24018,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO ports VALUES(24019,'default','free',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO held_blocks VALUES('uid:0','ended','web','default',2,24000,1,1);
INSERT INTO held_blocks VALUES('uid:0','live','web','default',3,24002,2,2);
INSERT INTO held_blocks VALUES('uid:0','owned','','default',1,24005,3,3);
INSERT INTO held_blocks VALUES('uid:0','short','','default',1,24006,4,4);
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
INSERT INTO audit VALUES(1,1795532239970,'daemon.started',NULL,NULL,NULL,NULL,NULL,NULL,30451,'daemon','PID 30451',NULL,X'f8a1368f7fe882a09cf308a52a67c26be0f653a4de23aef75c3835a8e5cc24b1');
INSERT INTO audit VALUES(2,1795532239970,'pool.changed',NULL,NULL,'default',NULL,NULL,NULL,NULL,'daemon','configured as 24000-24019',NULL,X'bfb2cba0a3a347c2227e66e05e1300c4fbdeacc58c7ca6ffec0c52cb906286a1');
INSERT INTO audit VALUES(3,1795532240055,'session.started',NULL,'ended',NULL,NULL,NULL,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-2',X'6b916d610869467ed70b19e0fc2aee8b49b0e48bf7b5f9f3047d33ac8a640b22');
INSERT INTO audit VALUES(4,1795532240055,'lease.granted',1,'ended','default',24000,2,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-2',X'0160bed0b4b3860724e0d71f254f6172229d5cce007713fbc975d965f3772f63');
INSERT INTO audit VALUES(5,1795532240066,'lease.released',1,'ended','default',24000,2,NULL,NULL,'uid:0','released by its client','3mvwtec3oc8mi-3',X'553869755b39b3966da5a19019e1217cb1d7e4bd46f28c679b9ec08df64d348d');
INSERT INTO audit VALUES(6,1795532240066,'session.ended',NULL,'ended',NULL,NULL,NULL,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-3',X'532653b29a2d4a52d655b934fdcf49f539fcce832bd38f2c46c67d542b29e940');
INSERT INTO audit VALUES(7,1795532240079,'session.started',NULL,'live',NULL,NULL,NULL,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-4',X'3369149bbde3453fdfcd89e6dfd4149ae47dfee45b84c9817cf5ddfc7cd3aa2f');
INSERT INTO audit VALUES(8,1795532240079,'lease.granted',2,'live','default',24002,3,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-4',X'a2a39ae57b79be018775aeb7893e579095ff2b585186f300fdce8f3acdf1dc07');
INSERT INTO audit VALUES(9,1795532240094,'session.started',NULL,'owned',NULL,NULL,NULL,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-5',X'd1d1934e5883710c1fe78646e0a271927d7189e6f58ee35cbf3ad338bcb93c4d');
INSERT INTO audit VALUES(10,1795532240094,'lease.granted',3,'owned','default',24005,1,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-5',X'5ecdb19cd3f24fd9f97dfa3317393b30ee56055a2e0f309c5eefaa8edec3bcd6');
INSERT INTO audit VALUES(11,1795532240106,'session.started',NULL,'short',NULL,NULL,NULL,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-6',X'54218a78c5007e2e4abd31efadd28ebd4bfce7d82d156e1d203f3a86dded97eb');
INSERT INTO audit VALUES(12,1795532240106,'lease.granted',4,'short','default',24006,1,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-6',X'6c0ffb8717a7416a86e0f07ca3aa7255631fe71abf1c4b8aa24b4de1fbec81e6');
INSERT INTO audit VALUES(13,1795532240121,'lease.renewed',2,'live','default',24002,3,NULL,NULL,'uid:0',NULL,'3mvwtec3oc8mi-7',X'da87e51698bff257d4cbfa78f5da8d7e7eb218d1e1284b2ee17131bccdca79c1');
INSERT INTO audit VALUES(14,1795532241189,'lease.expired',4,'short','default',24006,1,NULL,NULL,'daemon','its TTL ran out',NULL,X'2048775118c67d9cb3c3ff05d0f42c418100b56d69bf2a00d0227e9877e96b6d');
INSERT INTO audit VALUES(15,1795532241189,'port.quarantined',4,'short','default',24006,1,NULL,NULL,'daemon','lease 4 expired: its TTL ran out',NULL,X'8881d8dbcea96872fac101c5f37c61ab5f062c6a4cdce7839c033427885527b6');
INSERT INTO audit VALUES(16,1795532241189,'session.ended',NULL,'short',NULL,NULL,NULL,NULL,NULL,'daemon',NULL,NULL,X'2d5e66a3f26290592400ae5215070ca64bb2561282dd735722987010f42cbebf');
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
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('sessions',4);
INSERT INTO sqlite_sequence VALUES('leases',4);
CREATE UNIQUE INDEX sessions_active_name ON sessions (name) WHERE state = 'active';
CREATE INDEX sessions_active ON sessions (id) WHERE state = 'active';
CREATE INDEX sessions_name ON sessions (name, id);
CREATE UNIQUE INDEX leases_active_first_port ON leases (first_port, count) WHERE state = 'active';
CREATE UNIQUE INDEX leases_active_name ON leases (session_id, name) WHERE state = 'active' AND name IS NOT NULL;
CREATE INDEX leases_active ON leases (id) WHERE state = 'active';
CREATE INDEX leases_deadline ON leases (deadline_boot_ms) WHERE deadline_boot_ms IS NOT NULL;
CREATE INDEX leases_session ON leases (session_id);
CREATE INDEX leases_first_port ON leases (first_port);
CREATE INDEX ports_restless ON ports (port) WHERE state IN ('quarantined', 'foreign');
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
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
CREATE TRIGGER leases_never_overlap BEFORE INSERT ON leases
WHEN NEW.state = 'active' AND NEW.first_port < (
    SELECT first_port + count FROM leases
    WHERE state = 'active' AND first_port < NEW.first_port + NEW.count
    ORDER BY first_port DESC LIMIT 1
) BEGIN
    SELECT RAISE(ABORT, 'two live leases would share a port');
END;
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
CREATE TRIGGER leases_keep_their_owner BEFORE UPDATE ON leases
WHEN NEW.owner_boot IS NOT OLD.owner_boot OR NEW.owner_namespace IS NOT OLD.owner_namespace
    OR NEW.owner_pid IS NOT OLD.owner_pid OR NEW.owner_ticks IS NOT OLD.owner_ticks
    OR NEW.owner_inode IS NOT OLD.owner_inode
    OR (OLD.owner_exited_at IS NOT NULL AND NEW.owner_exited_at IS NOT OLD.owner_exited_at) BEGIN
    SELECT RAISE(ABORT, 'a lease keeps its owner, and an owner that has ended stays so');
END;
CREATE TRIGGER leases_need_a_session BEFORE INSERT ON leases
WHEN NEW.state = 'active' AND NOT EXISTS (SELECT 1 FROM sessions WHERE id = NEW.session_id AND state = 'active') BEGIN
    SELECT RAISE(ABORT, 'an active lease needs an active session');
END;
CREATE TRIGGER boots_are_new BEFORE INSERT ON boots
WHEN EXISTS (SELECT 1 FROM boots WHERE id = NEW.id OR boot_id = NEW.boot_id) BEGIN
    SELECT RAISE(ABORT, 'a boot is recorded once');
END;
CREATE TRIGGER boots_never_change BEFORE UPDATE ON boots BEGIN
    SELECT RAISE(ABORT, 'a boot keeps its row');
END;
CREATE TRIGGER boots_are_kept BEFORE DELETE ON boots BEGIN
    SELECT RAISE(ABORT, 'boots are kept');
END;
COMMIT;
