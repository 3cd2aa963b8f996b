-- The line to wait in. A ticket's place is given in the transaction that makes it, and these rules keep it for every
-- writer: tickets are granted in turn.

-- A wish that waits for a session's slot (it has no turn yet), then for ports (in the order of the turns).
CREATE TABLE tickets (
    -- The order at the gate of the sessions. AUTOINCREMENT, because nobody may come into another's place.
    id               INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id >= 1),
    principal        TEXT    NOT NULL,
    session          TEXT    NOT NULL CHECK (length(session) BETWEEN 1 AND 128),
    pool             TEXT    NOT NULL,
    count            INTEGER NOT NULL CHECK (count >= 1),
    -- The rest of the wish.
    wish             TEXT    NOT NULL CHECK (json_valid(wish) AND json_type(wish) = 'object'),
    -- The process that is to own the lease: all of its identity or none of it.
    owner_boot       INTEGER REFERENCES boots (id),
    owner_namespace  INTEGER,
    owner_pid        INTEGER CHECK (owner_pid > 0),
    owner_ticks      INTEGER CHECK (owner_ticks >= 0),
    owner_inode      INTEGER,
    -- Whether its client has a reply already, and asks; the other clients keep a connection open.
    is_async         INTEGER NOT NULL CHECK (is_async IN (0, 1)),
    request_id       TEXT,
    -- The key that a repeat of the request comes with.
    method           TEXT,
    path             TEXT,
    key              TEXT CHECK (length(key) BETWEEN 1 AND 255),
    request_hash     BLOB CHECK (length(request_hash) = 32),
    created_at       INTEGER NOT NULL,
    deadline_boot    INTEGER NOT NULL REFERENCES boots (id),
    deadline_boot_ms INTEGER NOT NULL,
    deadline_at      INTEGER NOT NULL,
    -- The order at the gate of the pools; none while it waits for a slot.
    turn             INTEGER CHECK (turn >= 1),
    -- Whether it holds a slot for its session, which is not active. One ticket does for all of a session's.
    holds_slot       INTEGER NOT NULL DEFAULT 0 CHECK (holds_slot IN (0, 1)),
    -- How often a smaller one went before it while it was the first of its pool, where the pool allows that.
    passed           INTEGER NOT NULL DEFAULT 0 CHECK (passed BETWEEN 0 AND 16),
    state            TEXT    NOT NULL CHECK (state IN ('waiting', 'granted', 'cancelled', 'lapsed')),
    lease_id         INTEGER,
    -- When its client was about to be told of the lease.
    redeemed_at      INTEGER,
    ended_at         INTEGER,
    -- The code of the error that a lapsed one is answered with, and why it ended, in words.
    end_code         TEXT,
    end_reason       TEXT,
    -- The last audit record of an ended one.
    last_seq         INTEGER,
    CHECK ((owner_pid IS NULL) = (owner_boot IS NULL)),
    CHECK ((owner_pid IS NULL) = (owner_namespace IS NULL)),
    CHECK ((owner_pid IS NULL) = (owner_ticks IS NULL)),
    CHECK (owner_pid IS NOT NULL OR owner_inode IS NULL),
    CHECK ((key IS NULL) = (method IS NULL)),
    CHECK ((key IS NULL) = (path IS NULL)),
    CHECK ((key IS NULL) = (request_hash IS NULL)),
    CHECK (holds_slot = 0 OR (state = 'waiting' AND turn IS NOT NULL)),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((ended_at IS NULL) = (last_seq IS NULL)),
    CHECK ((state = 'lapsed') = (end_code IS NOT NULL)),
    CHECK ((state = 'granted') = (lease_id IS NOT NULL)),
    CHECK (state = 'granted' OR redeemed_at IS NULL)
) STRICT;
CREATE UNIQUE INDEX tickets_turn ON tickets (pool, turn) WHERE state = 'waiting' AND turn IS NOT NULL;
CREATE INDEX tickets_size ON tickets (pool, count) WHERE state = 'waiting' AND turn IS NOT NULL;
-- The turn stands first, though it is always NULL here: else SQLite 3.40 takes the index of all who wait.
CREATE INDEX tickets_slot ON tickets (turn, id) WHERE state = 'waiting' AND turn IS NULL;
CREATE INDEX tickets_holding ON tickets (session) WHERE holds_slot = 1;
CREATE INDEX tickets_waiting ON tickets (id) WHERE state = 'waiting';
CREATE INDEX tickets_session ON tickets (session, turn) WHERE state = 'waiting';
CREATE UNIQUE INDEX tickets_key ON tickets (principal, method, path, key) WHERE state = 'waiting' AND key IS NOT NULL;
CREATE INDEX tickets_unredeemed ON tickets (lease_id) WHERE state = 'granted' AND redeemed_at IS NULL;
CREATE INDEX tickets_ended ON tickets (last_seq) WHERE last_seq IS NOT NULL;

-- Counted, so that a grant with nobody waiting looks at one row.
ALTER TABLE host ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0);
ALTER TABLE host ADD COLUMN held_slots INTEGER NOT NULL DEFAULT 0 CHECK (held_slots >= 0);
ALTER TABLE host ADD COLUMN last_turn INTEGER NOT NULL DEFAULT 0 CHECK (last_turn >= 0);

-- Whether small wishes may go before a large one that finds no room: 16 times at most, see tickets.passed.
ALTER TABLE pools ADD COLUMN queue TEXT NOT NULL DEFAULT 'fifo' CHECK (queue IN ('fifo', 'best-effort'));

-- A new id is not known yet here, and reads as -1. INSERT OR REPLACE would take a row away that has the same key.
CREATE TRIGGER tickets_begin_waiting BEFORE INSERT ON tickets
WHEN NEW.state <> 'waiting'
    OR (NEW.id > 0 AND NEW.id <= (SELECT seq FROM sqlite_sequence WHERE name = 'tickets'))
    OR EXISTS (SELECT 1 FROM tickets WHERE principal = NEW.principal AND method = NEW.method AND path = NEW.path
        AND key = NEW.key AND state = 'waiting' AND key IS NOT NULL)
    OR NEW.turn <= (SELECT max(turn) FROM tickets WHERE pool = NEW.pool AND state = 'waiting' AND turn IS NOT NULL) BEGIN
    SELECT RAISE(ABORT, 'a ticket begins at the end of the line, and its id is never used again');
END;
CREATE TRIGGER tickets_are_counted AFTER INSERT ON tickets BEGIN
    UPDATE host SET waiting = waiting + 1, held_slots = held_slots + NEW.holds_slot;
END;
CREATE TRIGGER tickets_keep_their_place BEFORE UPDATE ON tickets
WHEN NEW.id <> OLD.id OR NEW.principal <> OLD.principal OR NEW.session <> OLD.session OR NEW.pool <> OLD.pool
    OR NEW.count <> OLD.count OR NEW.wish <> OLD.wish OR NEW.created_at <> OLD.created_at
    OR NEW.is_async <> OLD.is_async OR NEW.owner_pid IS NOT OLD.owner_pid OR NEW.owner_ticks IS NOT OLD.owner_ticks
    OR NEW.owner_boot IS NOT OLD.owner_boot OR NEW.owner_namespace IS NOT OLD.owner_namespace
    OR NEW.owner_inode IS NOT OLD.owner_inode OR NEW.request_id IS NOT OLD.request_id
    OR NEW.method IS NOT OLD.method OR NEW.path IS NOT OLD.path OR NEW.key IS NOT OLD.key
    OR NEW.request_hash IS NOT OLD.request_hash OR NEW.passed < OLD.passed
    OR (OLD.turn IS NOT NULL AND NEW.turn IS NOT OLD.turn)
    OR (OLD.turn IS NULL AND NEW.turn <= (
        SELECT max(turn) FROM tickets WHERE pool = NEW.pool AND state = 'waiting' AND turn IS NOT NULL)) BEGIN
    SELECT RAISE(ABORT, 'a ticket keeps its wish and its place');
END;
-- A ticket whose session has become active goes before those that wait for a slot: it needs none.
CREATE TRIGGER tickets_pass_in_turn BEFORE UPDATE OF turn ON tickets
WHEN OLD.turn IS NULL AND NEW.turn IS NOT NULL AND OLD.id <> (
        SELECT min(id) FROM tickets WHERE state = 'waiting' AND turn IS NULL)
    AND NOT EXISTS (
        SELECT 1 FROM sessions WHERE name = OLD.session AND principal = OLD.principal AND state = 'active') BEGIN
    SELECT RAISE(ABORT, 'tickets pass the gate of the sessions in turn');
END;
CREATE TRIGGER tickets_stay_ended BEFORE UPDATE ON tickets
WHEN OLD.state <> 'waiting' AND (NEW.state <> OLD.state OR NEW.lease_id IS NOT OLD.lease_id
    OR NEW.ended_at IS NOT OLD.ended_at OR NEW.end_reason IS NOT OLD.end_reason OR NEW.passed <> OLD.passed
    OR NEW.end_code IS NOT OLD.end_code OR NEW.turn IS NOT OLD.turn OR NEW.last_seq < OLD.last_seq
    OR (NEW.last_seq <> OLD.last_seq AND NEW.redeemed_at IS OLD.redeemed_at)
    OR (OLD.redeemed_at IS NOT NULL AND NEW.redeemed_at IS NOT OLD.redeemed_at)) BEGIN
    SELECT RAISE(ABORT, 'a ticket that has ended stays as it is');
END;
CREATE TRIGGER tickets_are_granted_in_turn BEFORE UPDATE OF state ON tickets
WHEN NEW.state = 'granted' AND OLD.state = 'waiting' AND (OLD.turn IS NULL OR (
    EXISTS (SELECT 1 FROM tickets
        WHERE pool = OLD.pool AND state = 'waiting' AND turn IS NOT NULL AND turn < OLD.turn)
    AND (SELECT queue FROM pools WHERE name = OLD.pool) IS NOT 'best-effort')) BEGIN
    SELECT RAISE(ABORT, 'tickets are granted in turn');
END;
CREATE TRIGGER tickets_are_granted_leases BEFORE UPDATE OF state ON tickets
WHEN NEW.state = 'granted' AND OLD.state = 'waiting'
    AND NOT EXISTS (
        SELECT 1 FROM leases
        WHERE id = NEW.lease_id AND state = 'active' AND pool = OLD.pool AND count = OLD.count
            AND principal = OLD.principal) BEGIN
    SELECT RAISE(ABORT, 'a ticket is granted an active lease of its own kind');
END;
CREATE TRIGGER tickets_leave AFTER UPDATE ON tickets
WHEN OLD.state = 'waiting' AND (NEW.state <> 'waiting' OR NEW.holds_slot <> OLD.holds_slot) BEGIN
    UPDATE host SET waiting = waiting - (NEW.state <> 'waiting'),
        held_slots = held_slots + NEW.holds_slot - OLD.holds_slot;
END;
CREATE TRIGGER tickets_are_kept BEFORE DELETE ON tickets
WHEN OLD.state = 'waiting' OR OLD.last_seq > COALESCE((SELECT max(seq) FROM audit_cuts), 0) BEGIN
    SELECT RAISE(ABORT, 'a ticket is kept while it waits or a record speaks of it');
END;

-- An outcome may be a ticket now.
CREATE TABLE idempotency_keys_with_tickets (
    principal    TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    path         TEXT    NOT NULL,
    key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    status       INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
    lease_id     INTEGER REFERENCES leases (id),
    ticket_id    INTEGER REFERENCES tickets (id),
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (principal, method, path, key),
    CHECK ((lease_id IS NULL) <> (ticket_id IS NULL)),
    CHECK ((status = 202) = (ticket_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_keys_with_tickets
        (principal, method, path, key, request_hash, status, lease_id, created_at)
    SELECT principal, method, path, key, request_hash, status, lease_id, created_at FROM idempotency_keys;
DROP TABLE idempotency_keys;
ALTER TABLE idempotency_keys_with_tickets RENAME TO idempotency_keys;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_lease ON idempotency_keys (lease_id) WHERE lease_id IS NOT NULL;
CREATE INDEX idempotency_keys_ticket ON idempotency_keys (ticket_id) WHERE ticket_id IS NOT NULL;
