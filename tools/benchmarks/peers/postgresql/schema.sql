-- The same promise as Berth's, as one would make it with PostgreSQL: blocks of six ports that no two leases share, a row
-- for each lease, and a record of each change, all durable when the client hears of it.
--
-- It has what the work needs and no more. Blocks begin at every sixth port, so that one row stands for six, and whoever
-- locks it has them all: a search for six free rows in a row would cost more. No index is on a column that changes, so
-- that an update stays in its page (heap-only tuples), for which the pages have room.

CREATE TABLE ports (
    port     integer PRIMARY KEY CHECK (port BETWEEN 1 AND 65535),
    lease_id bigint
) WITH (fillfactor = 40);

CREATE TABLE leases (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session    text        NOT NULL,
    first_port integer     NOT NULL,
    count      integer     NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
) WITH (fillfactor = 80);

CREATE TABLE audit (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    event      text        NOT NULL,
    lease_id   bigint      NOT NULL,
    session    text        NOT NULL,
    first_port integer     NOT NULL,
    count      integer     NOT NULL
);

-- A pool of 10,000 ports, as the daemon beside it has; 9,996 of them are in whole blocks.
INSERT INTO ports (port) SELECT generate_series(20000, 29995);

-- Leases six ports and returns the lease. A block that somebody else is about to take is skipped, not waited for; the
-- search begins at a random block, so that clients rarely meet.
CREATE FUNCTION grant_block(wanted_session text, ttl interval) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    start integer := 20000 + 6 * floor(random() * 1666)::integer;
    block integer;
    lease bigint;
    taken integer;
BEGIN
    SELECT port INTO block FROM ports
    WHERE port >= start AND (port - 20000) % 6 = 0 AND lease_id IS NULL
    ORDER BY port LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF block IS NULL THEN
        SELECT port INTO block FROM ports
        WHERE port < start AND (port - 20000) % 6 = 0 AND lease_id IS NULL
        ORDER BY port LIMIT 1 FOR UPDATE SKIP LOCKED;
    END IF;
    IF block IS NULL THEN
        RAISE EXCEPTION 'no block is free';
    END IF;

    INSERT INTO leases (session, first_port, count, created_at, expires_at)
    VALUES (wanted_session, block, 6, now(), now() + ttl) RETURNING id INTO lease;
    UPDATE ports SET lease_id = lease WHERE port BETWEEN block AND block + 5 AND lease_id IS NULL;
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken <> 6 THEN
        RAISE EXCEPTION 'the block at % was not free', block;
    END IF;
    INSERT INTO audit (at, event, lease_id, session, first_port, count)
    VALUES (now(), 'lease.granted', lease, wanted_session, block, 6);
    RETURN lease;
END $$;

-- Ends a lease and gives its ports back. Returns 0.
CREATE FUNCTION release_block(lease bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ended leases;
    freed integer;
BEGIN
    UPDATE leases SET ended_at = now() WHERE id = lease AND ended_at IS NULL RETURNING * INTO ended;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no active lease %', lease;
    END IF;
    UPDATE ports SET lease_id = NULL
    WHERE port BETWEEN ended.first_port AND ended.first_port + ended.count - 1 AND lease_id = lease;
    GET DIAGNOSTICS freed = ROW_COUNT;
    IF freed <> ended.count THEN
        RAISE EXCEPTION 'lease % did not hold its ports', lease;
    END IF;
    INSERT INTO audit (at, event, lease_id, session, first_port, count)
    VALUES (now(), 'lease.released', lease, ended.session, ended.first_port, ended.count);
    RETURN 0;
END $$;
