-- What Berth knows of processes that have ended, and why a port rests. It also closes ways in which a shell could make
-- an old boot, owner or session pass for another.

-- When the owner's end was noted, by the wall clock. The lease lives on while an agent of it does.
ALTER TABLE leases ADD COLUMN owner_exited_at INTEGER CHECK (owner_exited_at IS NULL OR owner_pid IS NOT NULL);

-- Since when a port is quarantined or a stranger's, and on what evidence.
ALTER TABLE ports ADD COLUMN rest_since INTEGER
    CHECK (rest_since IS NULL OR state IN ('quarantined', 'foreign'));
ALTER TABLE ports ADD COLUMN rest_reason TEXT CHECK (rest_reason IS NULL OR rest_since IS NOT NULL);

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

-- A boot's row is what owners and deadlines refer to: were its id given to another boot, the dead would live again.
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
