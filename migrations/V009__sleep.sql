-- Sessions of templates that sleep without a lease, so that their ports are everybody's meanwhile. When such a session ends by
-- itself, as its lease said, goes on counting here, and is said of its next lease.
ALTER TABLE sessions ADD COLUMN has_released INTEGER NOT NULL DEFAULT 0
    CHECK (has_released IN (0, 1))
    CHECK (has_released = 0 OR (state = 'active' AND phase IS 'asleep'));
-- All four, or none for one whose lease was pinned.
ALTER TABLE sessions ADD COLUMN asleep_ttl_ms INTEGER
    CHECK (asleep_ttl_ms > 0)
    CHECK (asleep_ttl_ms IS NULL OR has_released = 1);
ALTER TABLE sessions ADD COLUMN asleep_boot INTEGER REFERENCES boots (id)
    CHECK ((asleep_boot IS NULL) = (asleep_ttl_ms IS NULL));
ALTER TABLE sessions ADD COLUMN asleep_boot_ms INTEGER
    CHECK ((asleep_boot_ms IS NULL) = (asleep_ttl_ms IS NULL));
ALTER TABLE sessions ADD COLUMN asleep_expires_at INTEGER
    CHECK ((asleep_expires_at IS NULL) = (asleep_ttl_ms IS NULL));
CREATE INDEX sessions_asleep ON sessions (asleep_boot_ms) WHERE asleep_boot_ms IS NOT NULL;
