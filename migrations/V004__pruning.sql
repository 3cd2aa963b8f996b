-- Leases go when the last record of them is pruned. A lease that goes must not have every port looked at: what holds a
-- port to its lease are the triggers, which already let a port have an active lease only, and keep an active lease.
CREATE TABLE ports_until_renamed (
    port          INTEGER PRIMARY KEY CHECK (port BETWEEN 1 AND 65535),
    -- NULL once the port has left every pool: its lease lives on, and it is never granted again.
    pool          TEXT    REFERENCES pools (name),
    state         TEXT    NOT NULL CHECK (state IN ('free', 'leased', 'quarantined', 'foreign')),
    -- An active lease.
    lease_id      INTEGER,
    -- The lease it was in last, which may have it back from quarantine, and when that ended.
    last_lease_id INTEGER,
    ended_at      INTEGER,
    -- Quarantine lasts until here at least, and longer while something is bound.
    rest_boot     INTEGER REFERENCES boots (id),
    rest_boot_ms  INTEGER,
    -- Since when it is quarantined or a stranger's, and on what evidence.
    rest_since    INTEGER CHECK (rest_since IS NULL OR state IN ('quarantined', 'foreign')),
    rest_reason   TEXT    CHECK (rest_reason IS NULL OR rest_since IS NOT NULL),
    CHECK ((state = 'leased') = (lease_id IS NOT NULL)),
    CHECK ((state = 'quarantined') = (rest_boot_ms IS NOT NULL)),
    CHECK ((rest_boot IS NULL) = (rest_boot_ms IS NULL)),
    CHECK (pool IS NOT NULL OR state = 'leased')
) STRICT;
INSERT INTO ports_until_renamed (port, pool, state, lease_id, last_lease_id, ended_at, rest_boot, rest_boot_ms,
        rest_since, rest_reason)
    SELECT port, pool, state, lease_id, last_lease_id, ended_at, rest_boot, rest_boot_ms, rest_since, rest_reason
    FROM ports;
DROP TRIGGER ports_leave_unleased;
DROP TABLE ports;
ALTER TABLE ports_until_renamed RENAME TO ports;
CREATE INDEX ports_restless ON ports (port) WHERE state IN ('quarantined', 'foreign');

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

-- Which leases the stored outcomes still need. It grows at its end.
CREATE INDEX idempotency_keys_lease ON idempotency_keys (lease_id);

-- The blocks of a cell apart from each other, so that what is asked of one port reads nothing of its neighbours' history.
DROP INDEX audit_cell;
CREATE INDEX audit_cell ON audit (cell, first_port, count, seq) WHERE cell IS NOT NULL;
-- What a holder did itself is in audit_principal already.
DROP INDEX audit_holder;
CREATE INDEX audit_holder ON audit (holder, seq) WHERE holder <> principal;
