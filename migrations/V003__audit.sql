-- The ledger becomes complete, quick to ask, and prunable from its beginning.

-- Whose lease or session a record is about: the daemon and administrators act on behalf of others.
ALTER TABLE audit ADD COLUMN holder TEXT;
-- What else the rows became, as canonical JSON: with it the state can be built again from the records alone.
ALTER TABLE audit ADD COLUMN details TEXT CHECK (details IS NULL OR json_valid(details));

-- Where a block lies, so that an index finds the blocks that cover a port. With s the least power of two that is not
-- less than the count, a block lies in the cell first_port / s and reaches into the next one at most: a port's blocks
-- are in two cells of each size. The number is size * 65536 + cell, with size the logarithm of s.
ALTER TABLE audit ADD COLUMN cell INTEGER GENERATED ALWAYS AS (
    CASE WHEN count <= 1 THEN first_port
        WHEN count <= 2 THEN 65536 + (first_port >> 1)
        WHEN count <= 4 THEN 131072 + (first_port >> 2)
        WHEN count <= 8 THEN 196608 + (first_port >> 3)
        WHEN count <= 16 THEN 262144 + (first_port >> 4)
        WHEN count <= 32 THEN 327680 + (first_port >> 5)
        WHEN count <= 64 THEN 393216 + (first_port >> 6)
        WHEN count <= 128 THEN 458752 + (first_port >> 7)
        WHEN count <= 256 THEN 524288 + (first_port >> 8)
        WHEN count <= 512 THEN 589824 + (first_port >> 9)
        WHEN count <= 1024 THEN 655360 + (first_port >> 10)
        WHEN count <= 2048 THEN 720896 + (first_port >> 11)
        WHEN count <= 4096 THEN 786432 + (first_port >> 12)
        WHEN count <= 8192 THEN 851968 + (first_port >> 13)
        WHEN count <= 16384 THEN 917504 + (first_port >> 14)
        WHEN count <= 32768 THEN 983040 + (first_port >> 15)
        WHEN count <= 65536 THEN 1048576 + (first_port >> 16) END) VIRTUAL;
ALTER TABLE leases ADD COLUMN cell INTEGER GENERATED ALWAYS AS (
    CASE WHEN count <= 1 THEN first_port
        WHEN count <= 2 THEN 65536 + (first_port >> 1)
        WHEN count <= 4 THEN 131072 + (first_port >> 2)
        WHEN count <= 8 THEN 196608 + (first_port >> 3)
        WHEN count <= 16 THEN 262144 + (first_port >> 4)
        WHEN count <= 32 THEN 327680 + (first_port >> 5)
        WHEN count <= 64 THEN 393216 + (first_port >> 6)
        WHEN count <= 128 THEN 458752 + (first_port >> 7)
        WHEN count <= 256 THEN 524288 + (first_port >> 8)
        WHEN count <= 512 THEN 589824 + (first_port >> 9)
        WHEN count <= 1024 THEN 655360 + (first_port >> 10)
        WHEN count <= 2048 THEN 720896 + (first_port >> 11)
        WHEN count <= 4096 THEN 786432 + (first_port >> 12)
        WHEN count <= 8192 THEN 851968 + (first_port >> 13)
        WHEN count <= 16384 THEN 917504 + (first_port >> 14)
        WHEN count <= 32768 THEN 983040 + (first_port >> 15)
        WHEN count <= 65536 THEN 1048576 + (first_port >> 16) END) VIRTUAL;

-- Every index ends in the order of the answer. An event's, a pool's and a holder's grow at a few hot pages; a port's and
-- a session's are scattered.
CREATE INDEX audit_cell ON audit (cell, seq) WHERE cell IS NOT NULL;
CREATE INDEX audit_session ON audit (session, seq) WHERE session IS NOT NULL;
CREATE INDEX audit_lease ON audit (lease_id, seq) WHERE lease_id IS NOT NULL;
CREATE INDEX audit_event ON audit (event, seq);
CREATE INDEX audit_holder ON audit (holder, seq) WHERE holder IS NOT NULL;
CREATE INDEX audit_principal ON audit (principal, seq);
CREATE INDEX audit_pool ON audit (pool, seq) WHERE pool IS NOT NULL;
DROP INDEX leases_first_port;
CREATE INDEX leases_cell ON leases (cell, id);

-- Where history was cut off: the last record that went, its hash, from which the next one follows, and the state as it
-- stood then, from which the records after it go on.
CREATE TABLE audit_cuts (
    seq    INTEGER PRIMARY KEY CHECK (seq >= 1),
    at     INTEGER NOT NULL,
    hash   BLOB    NOT NULL CHECK (length(hash) = 32),
    state  TEXT    NOT NULL CHECK (json_valid(state)),
    -- SHA-256 of the state, which the audit.pruned record repeats.
    digest BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;
CREATE TRIGGER audit_cuts_go_forward BEFORE INSERT ON audit_cuts
WHEN NEW.seq <= (SELECT max(seq) FROM audit_cuts)
    OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND at = NEW.at AND hash = NEW.hash) BEGIN
    SELECT RAISE(ABORT, 'history is cut at a record that is there, and further on than before');
END;
CREATE TRIGGER audit_cuts_never_change BEFORE UPDATE ON audit_cuts BEGIN
    SELECT RAISE(ABORT, 'a cut keeps its row');
END;
CREATE TRIGGER audit_cuts_are_kept BEFORE DELETE ON audit_cuts
WHEN OLD.seq = (SELECT max(seq) FROM audit_cuts) BEGIN
    SELECT RAISE(ABORT, 'the last cut is kept');
END;

-- How far the chain was walked and found whole.
CREATE TABLE audit_verified (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL CHECK (seq >= 1),
    hash BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- In a backup alone: when it was made, and the last record in it. The first start on it makes numbers jump, so that none
-- is given twice.
CREATE TABLE backup_stamp (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    at   INTEGER NOT NULL,
    seq  INTEGER NOT NULL
) STRICT;

DROP TRIGGER audit_grows;
CREATE TRIGGER audit_grows BEFORE INSERT ON audit
WHEN (NEW.seq <> COALESCE((SELECT max(seq) FROM audit), 0) + 1
        AND NOT (NEW.event = 'daemon.restored' AND NEW.seq > (SELECT max(seq) FROM audit)))
    OR NEW.at < (SELECT at FROM audit ORDER BY seq DESC LIMIT 1) BEGIN
    SELECT RAISE(ABORT, 'audit records are appended in order');
END;
DROP TRIGGER audit_is_never_deleted;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
WHEN OLD.seq > COALESCE((SELECT max(seq) FROM audit_cuts), 0) BEGIN
    SELECT RAISE(ABORT, 'audit records are deleted only below a recorded cut');
END;
DROP TRIGGER leases_are_kept;
CREATE TRIGGER leases_are_kept BEFORE DELETE ON leases
WHEN OLD.state = 'active' OR EXISTS (SELECT 1 FROM audit WHERE lease_id = OLD.id) BEGIN
    SELECT RAISE(ABORT, 'a lease is kept while it is active or a record speaks of it');
END;
DROP TRIGGER sessions_are_kept;
CREATE TRIGGER sessions_are_kept BEFORE DELETE ON sessions
WHEN OLD.state = 'active' OR EXISTS (SELECT 1 FROM leases WHERE session_id = OLD.id) BEGIN
    SELECT RAISE(ABORT, 'a session is kept while it is active or has leases');
END;
