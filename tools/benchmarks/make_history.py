"""A database with a long history: leases that came and went, each with its records, as a daemon would have written them.

A daemon makes the file. What it wrote is moved into the past, and the history is appended to it: audit records with their
chain of hashes, and the rows of sessions, leases and ports as they are when all of it has happened. `berth audit verify`
takes it for what it is.
"""

import hashlib
import os
import random
import signal
import sqlite3
import time

EVENTS = ["seq", "at", "event", "lease_id", "session", "pool", "first_port", "count", "agent", "pid", "principal", "reason",
          "request_id"]
LATE = ["holder", "details"]
COLUMNS = EVENTS + LATE + ["hash"]
# 10 million records in 90 days.
STEP = 777
BLOCK = 6
FIRST_PORT = 20000
NAMES = 20_000
# Every tenth session has this name and begins with the first block: its history, and that of its ports, fills pages at
# any size.
BUSY = "busy"


def form(values):
    """The canonical form of a record: see AuditRecord in /openapi.json."""
    return ",".join("-" if value is None else f"{len(text.encode())}:{text}"
                    for value in values for text in (str(value),))


class Chain:
    """Appends records."""

    def __init__(self, seq=0, digest=bytes(32)):
        self.seq, self.digest = seq, digest

    def append(self, at, event, lease=None, session=None, pool=None, first=None, count=None, pid=None, principal="daemon",
               reason=None, request=None, holder=None, details=None):
        self.seq += 1
        early = [self.seq, at, event, lease, session, pool, first, count, None, pid, principal, reason, request]
        late = [holder, details]
        values = early + late if holder is not None or details is not None else early
        self.digest = hashlib.sha256(self.digest + form(values).encode()).digest()
        return (*early, *late, self.digest)


def begin(daemon, events):
    """Stops a new daemon and moves what it wrote so far back that `events` records end now."""
    daemon.stop(signal.SIGTERM)
    database = sqlite3.connect(daemon.database)
    database.execute("PRAGMA journal_mode = DELETE")
    with Bulk(database):
        rows = database.execute(f"SELECT {', '.join(EVENTS + LATE)} FROM audit ORDER BY seq").fetchall()
        start = int(time.time() * 1000) - (events + 1000) * STEP
        chain, moved = Chain(), []
        for row in rows:
            record = dict(zip(EVENTS + LATE, row))
            moved.append(chain.append(start, record["event"], pool=record["pool"], pid=record["pid"],
                                      principal=record["principal"], reason=record["reason"], details=record["details"]))
        database.execute("DELETE FROM audit")
        insert(database, moved)
    database.close()


def insert(database, records):
    database.executemany(
        f"INSERT INTO audit ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})", records)


class Bulk:
    """One transaction without the triggers and the audit's indices, which are made anew at its end."""

    def __init__(self, database):
        self.database = database
        self.database.isolation_level = None

    def __enter__(self):
        for pragma in ("synchronous = OFF", "cache_size = -2000000", "foreign_keys = OFF"):
            self.database.execute("PRAGMA " + pragma)
        self.made = self.database.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND "
            "(type = 'trigger' OR type = 'index' AND tbl_name IN ('audit', 'leases'))").fetchall()
        self.database.execute("BEGIN IMMEDIATE")
        for kind, name, _ in self.made:
            self.database.execute(f"DROP {kind} {name}")
        return self

    def __exit__(self, failure, *_):
        if failure is None:
            for _, _, sql in self.made:
                self.database.execute(sql)
            self.database.execute("COMMIT")


def extend(path, events, seed=1, progress=lambda _: None):
    """Appends to a stopped daemon's file until it has so many records."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = DELETE")
    with Bulk(database):
        History(database, seed).extend(events, progress)
    database.close()


class History:
    """Sessions of three leases each, one after the other."""

    def __init__(self, database, seed):
        self.database = database
        self.random = random.Random(seed)
        (seq, self.at, digest) = database.execute("SELECT seq, at, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        self.chain = Chain(seq, digest)
        self.session = database.execute("SELECT coalesce(max(id), 0) FROM sessions").fetchone()[0]
        self.lease = database.execute("SELECT coalesce(max(id), 0) FROM leases").fetchone()[0]
        (self.boot,) = database.execute("SELECT boot_id FROM boots WHERE id = 1").fetchone()
        self.principal = f"uid:{os.getuid()}"
        self.records, self.sessions, self.leases = [], [], []
        # By block: the last lease and its end. By name and block: the first and the last lease.
        self.ports, self.held = {}, {}

    def extend(self, events, progress):
        while self.chain.seq < events:
            self.play()
            if len(self.records) > 100_000:
                self.flush()
                progress(self.chain.seq)
        self.flush()
        self.finish()

    def record(self, event, reason=None, details=None, **about):
        self.records.append(self.chain.append(
            self.at, event, principal=self.principal, holder=self.principal, reason=reason,
            request=f"generated-{self.chain.seq}", details=details, **about))

    def tick(self):
        self.at += STEP

    def play(self):
        self.session += 1
        is_busy = self.session % 10 == 0
        number = self.random.randrange(NAMES)
        name = BUSY if is_busy else f"worktree-{number}"
        started = self.at
        self.record("session.started", session=name, details='{"session_id":%d}' % self.session)
        # A session is active as long as it has a lease: the next one comes before the last one ends.
        active = []
        for turn in range(3):
            block = turn if is_busy else 3 + (number * 3 + turn) % 1600
            active.append(self.grant(name, FIRST_PORT + BLOCK * block, self.at))
            self.tick()
            if turn == 1 and self.random.random() < 0.3:
                active[-1] = self.renew(name, active[-1])
                self.tick()
            if turn > 0:
                self.release(name, active.pop(0))
                self.tick()
        self.release(name, active.pop())
        self.record("session.ended", session=name)
        self.sessions.append((self.session, name, self.principal, "ended", started, self.at))
        self.tick()

    def deadline(self, at):
        return '{"ttl_ms":300000,"expires_at_ms":%d,"boot":"%s","boot_ms":%d}' % (at + 300_000, self.boot, self.lease)

    def grant(self, session, first, at):
        self.lease += 1
        self.record("lease.granted", lease=self.lease, session=session, pool="default", first=first, count=BLOCK,
                    details='{"lease":{},"expiry":%s}' % self.deadline(at))
        return self.lease, first, at, at

    def renew(self, session, lease):
        number, first, created, _ = lease
        self.record("lease.renewed", lease=number, session=session, pool="default", first=first, count=BLOCK,
                    details='{"expiry":%s}' % self.deadline(self.at))
        return number, first, created, self.at

    def release(self, session, lease):
        number, first, created, renewed = lease
        reason = "released by its client"
        self.record("lease.released", reason=reason, lease=number, session=session, pool="default", first=first, count=BLOCK)
        self.leases.append((number, self.session, "default", first, BLOCK, self.principal, 300_000, created, renewed,
                            "released", renewed + 300_000, self.at, reason))
        self.ports[first] = (number, self.at)
        key = (self.principal, session, "", "default", BLOCK, first)
        self.held[key] = (self.held.get(key, (number,))[0], number)

    def flush(self):
        insert(self.database, self.records)
        self.database.executemany(
            "INSERT INTO sessions (id, name, principal, state, created_at, ended_at) VALUES (?, ?, ?, ?, ?, ?)",
            self.sessions)
        self.database.executemany(
            "INSERT INTO leases (id, session_id, pool, first_port, count, principal, ttl_ms, created_at, renewed_at, state,"
            " expires_at, ended_at, end_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", sorted(self.leases))
        self.records, self.sessions, self.leases = [], [], []

    def finish(self):
        self.database.executemany(
            "UPDATE ports SET last_lease_id = ?, ended_at = ? WHERE port BETWEEN ? AND ?",
            [(*end, first, first + BLOCK - 1) for first, end in self.ports.items()])
        self.database.executemany(
            "INSERT INTO held_blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET last_lease_id = excluded.last_lease_id",
            sorted((*key, *leases) for key, leases in self.held.items()))
