-- Tokens: ways in over TCP beside the administrator's, whose token lies in a file. What belongs to the bearer of one
-- belongs to the principal token:<name>.
CREATE TABLE tokens (
    -- AUTOINCREMENT, because the audit's records tell tokens of one name apart by it.
    id           INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id >= 1),
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
    -- SHA-256 of the text that its bearer sends. The text itself is kept nowhere.
    hash         BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- How many ports its leases may have together; NULL for as many as there are.
    max_ports    INTEGER CHECK (max_ports >= 1),
    -- Whether its bearer may name processes of this host.
    allow_pids   INTEGER NOT NULL CHECK (allow_pids IN (0, 1)),
    created_at   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    -- From here on, by the wall clock, it lets nobody in; NULL for a token without an end.
    expires_at   INTEGER CHECK (expires_at > created_at),
    -- The key that a repeat of the request comes with.
    key          TEXT    CHECK (length(key) BETWEEN 1 AND 255),
    request_hash BLOB    CHECK (length(request_hash) = 32),
    revoked_at   INTEGER,
    -- The audit record of its revocation.
    last_seq     INTEGER,
    -- token:admin is the administrator's.
    CHECK (name <> 'admin'),
    CHECK ((key IS NULL) = (request_hash IS NULL)),
    CHECK ((revoked_at IS NULL) = (last_seq IS NULL))
) STRICT;
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at IS NULL;

-- A new id is not known yet here, and reads as -1. INSERT OR REPLACE would take a row away that has the same hash or name.
CREATE TRIGGER tokens_are_new BEFORE INSERT ON tokens
WHEN NEW.revoked_at IS NOT NULL
    OR (NEW.id > 0 AND NEW.id <= (SELECT seq FROM sqlite_sequence WHERE name = 'tokens'))
    OR EXISTS (SELECT 1 FROM tokens WHERE hash = NEW.hash OR (name = NEW.name AND revoked_at IS NULL)) BEGIN
    SELECT RAISE(ABORT, 'a token begins unrevoked, with an id, a name and a hash of its own');
END;
-- Were its hash another, somebody else would come in under its name.
CREATE TRIGGER tokens_keep_their_identity AFTER UPDATE ON tokens
WHEN NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.hash <> OLD.hash OR NEW.max_ports IS NOT OLD.max_ports
    OR NEW.allow_pids <> OLD.allow_pids OR NEW.created_at <> OLD.created_at OR NEW.created_by <> OLD.created_by
    OR NEW.expires_at IS NOT OLD.expires_at OR NEW.key IS NOT OLD.key OR NEW.request_hash IS NOT OLD.request_hash BEGIN
    SELECT RAISE(ABORT, 'a token keeps what it was made with');
END;
CREATE TRIGGER tokens_stay_revoked AFTER UPDATE OF revoked_at, last_seq ON tokens
WHEN OLD.revoked_at IS NOT NULL AND (NEW.revoked_at IS NOT OLD.revoked_at OR NEW.last_seq IS NOT OLD.last_seq) BEGIN
    SELECT RAISE(ABORT, 'a revoked token stays so');
END;
CREATE TRIGGER tokens_are_kept BEFORE DELETE ON tokens
WHEN OLD.revoked_at IS NULL OR OLD.last_seq > COALESCE((SELECT max(seq) FROM audit_cuts), 0) BEGIN
    SELECT RAISE(ABORT, 'a token is kept until it was revoked and no record speaks of it');
END;
