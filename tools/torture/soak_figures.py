"""What the soak measures at even intervals, and when that has grown.

A leak of the daemon's begins anew with each process, so what it may leak (memory, descriptors, threads) is compared
within the one long life that the soak gives a daemon between two storms of restarts: the first third of it, after a
warm-up of a quarter, with the last third. Medians, since a backup, a checkpoint or somebody's compiler makes single
samples of anything. A factor for the noise of what is large, and a slack for that of what is small:

memory     1.15 times and 6 MiB, and by what SQLite may still have kept of a file that grew: its caches, 16 MiB for the
           writer and 2 for each of eight readers, fill as the file does, and not beyond.
fds        1.15 times and 16. Each owner and agent that lives has one, and how many do is chance.
threads    4. They are few, and none is made for a request.
WAL        1.5 times and 8 MiB, from the 16 MiB on at which it begins anew: until then it is being filled.
latency    p50 and p99 of the steady client's grants: three times, and 5 or 10 ms. On two cores it is what the
           neighbours leave, and a compiler that starts doubles it; what the daemon does itself, CPU tells. When the
           host is slower, which a synced write and some turns of another process tell beside each grant, so much more.
CPU        1.5 times what a change cost the daemon, and 0.2 ms: what is slow for everybody on the host does not excuse
           more work.
restarts   memory of the second storm's short lives against the first one's, at the same ages, by the same bound: it
           would grow where a daemon has more in memory for a longer history.

The database grows by its history, all of which is kept; it is told and has no bound.
"""

import os
import statistics
import threading
import time
from dataclasses import asdict, dataclass, replace

from berth_host import UnixConnection

MIB = 1024 * 1024
# MiB: where the log begins anew, and what SQLite's caches hold at the most.
WAL_ROOM = 16
CACHES = 32
WARM_UP = 0.25


@dataclass
class Sample:
    """One line of the table. None where a restart left nothing to measure."""

    at: float
    life: int
    age: float
    memory: float
    fds: int
    threads: int
    wal: float
    database: float
    p50: float | None
    p99: float | None
    host: float | None
    changes: float | None
    cpu: float | None
    records: int


@dataclass(frozen=True)
class Bound:
    """A figure may become this many times what it was, and so much more."""

    figure: str
    unit: str
    factor: float
    slack: float
    floor: float = 0
    is_hosts: bool = False

    def most(self, before, slower, cached):
        """What a figure may be that was `before`, on a host that is slower, with so much more in SQLite's caches."""
        factor = self.factor * (slower if self.is_hosts else 1)
        return factor * max(before, self.floor) + self.slack + (cached if self.figure == "memory" else 0)


BOUNDS = [
    Bound("memory", "MiB", 1.15, 6), Bound("fds", "", 1.15, 16), Bound("threads", "", 1, 4),
    Bound("wal", "MiB", 1.5, 8, floor=WAL_ROOM), Bound("p50", "ms", 3, 5, is_hosts=True),
    Bound("p99", "ms", 3, 10, is_hosts=True), Bound("cpu", "ms", 1.5, 0.2),
]


class Sampler(threading.Thread):
    """Takes a sample every so many seconds. `lives` holds still meanwhile: nothing is restarted under it."""

    def __init__(self, daemon, interval, seconds, lives):
        super().__init__(daemon=True)
        self.daemon_process, self.interval, self.lives = daemon, interval, lives
        self.begun_at = time.monotonic()
        self.count = int(seconds / interval)
        self.samples, self.times, self.error = [], [], None
        self.stop = threading.Event()
        self.before = None

    def hear(self, lines):
        """Takes the probe's words in, on a thread of its own."""
        for line in lines:
            self.times.append([float(word) for word in line.split()[1:]])

    def run(self):
        try:
            for number in range(1, self.count + 1):
                if self.stop.wait(max(0, self.begun_at + number * self.interval - time.monotonic())):
                    return
                with self.lives.lock:
                    self.samples.append(self.sample())
                print(row(self.samples[-1]), flush=True)
        except Exception as error:  # told by the one who joins
            self.error = error

    def sample(self):
        times, self.times = self.times, []
        now, cpu, (changes, records) = time.monotonic(), self.daemon_process.cpu_seconds(), self.counts()
        life, began_at = self.lives.number, self.lives.began_at
        # Of a daemon that is new everything is since its start.
        then, cpu_then, changes_then = (
            self.before[1:] if self.before and self.before[0] == life else (began_at, 0, 0))
        self.before = (life, now, cpu, changes)
        # So shortly after a start it tells of nothing but the start.
        made, is_whole = changes - changes_then, now - then > self.interval / 2
        grants, hosts = sorted(time[0] for time in times), [time[1] for time in times]
        proc = f"/proc/{self.daemon_process.process.pid}"
        with open(f"{proc}/status", encoding="ascii", errors="replace") as file:
            status = dict(line.split(":", 1) for line in file if ":" in line)
        return Sample(
            at=now - self.begun_at, life=life, age=now - began_at, memory=int(status["VmRSS"].split()[0]) / 1024,
            fds=len(os.listdir(f"{proc}/fd")), threads=int(status["Threads"]), wal=self.size("-wal"),
            database=self.size(""), p50=percentile(grants, 0.5), p99=percentile(grants, 0.99),
            host=statistics.median(hosts) if hosts else None, changes=made / (now - then) if is_whole else None,
            cpu=(cpu - cpu_then) * 1e3 / made if made and is_whole else None, records=records)

    def counts(self):
        """The changes that this daemon has committed, and the records of the audit."""
        connection = UnixConnection(self.daemon_process.socket)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        _, head = connection.call("GET", "/v1/audit/head")
        connection.close()
        sums = (line.split()[1] for line in text.splitlines() if line.startswith("berth_commit_batch_size_sum"))
        return float(next(sums, 0)), head["seq"]

    def size(self, end):
        try:
            return os.path.getsize(self.daemon_process.database + end) / MIB
        except FileNotFoundError:
            return 0.0


def percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else None


HEADINGS = {"at": "s", "life": "life", "age": "age s", "memory": "MiB", "fds": "fds", "threads": "thr",
            "wal": "WAL MiB", "database": "db MiB", "p50": "p50 ms", "p99": "p99 ms", "host": "host ms",
            "changes": "changes/s", "cpu": "CPU ms", "records": "records"}
DIGITS = {"at": 0, "age": 0, "memory": 1, "wal": 1, "database": 1, "p50": 2, "p99": 2, "host": 2, "changes": 0,
          "cpu": 2}


def heading():
    return " ".join(f"{title:>9}" for title in HEADINGS.values())


def row(sample):
    """One line of the table. `CPU ms` is what a change cost the daemon, `host ms` what a grant needs of the host."""
    return " ".join(f"{'-' if value is None else format(value, f'.{DIGITS.get(name, 0)}f'):>9}"
                    for name, value in asdict(sample).items())


def long_life(samples):
    """The samples of the longest life, without its warm-up."""
    lives = {}
    for sample in samples:
        lives.setdefault(sample.life, []).append(sample)
    longest = max(lives.values(), key=len)
    return longest[int(WARM_UP * len(longest)):], longest[0].life


def thirds(samples):
    size = len(samples) // 3
    return samples[:size], samples[len(samples) - size:]


def median(samples, figure):
    values = [getattr(sample, figure) for sample in samples if getattr(sample, figure) is not None]
    return statistics.median(values) if values else 0


def newly_cached(first, last):
    """How much more of its file SQLite may have kept in the last samples than in the first."""
    return min(CACHES, median(last, "database")) - min(CACHES, median(first, "database"))


def summary(samples):
    """The lines that compare the thirds, and the faults among them."""
    if len(samples) < 10:
        return [], [f"{len(samples)} samples are too few to compare"]
    life, number = long_life(samples)
    first, last = thirds(life)
    slower = max(1, median(last, "host") / median(first, "host"))
    lines = [f"life {number}, {first[0].age:.0f}-{first[-1].age:.0f} s against {last[0].age:.0f}-{last[-1].age:.0f} s;"
             f" the host took {slower:.2f} times as long for what is its own"]
    faults = []
    for bound in BOUNDS:
        before, after = median(first, bound.figure), median(last, bound.figure)
        lines.append(f"  {bound.figure:9} {before:9.2f} {after:9.2f} {bound.unit}")
        if after > bound.most(before, slower, newly_cached(first, last)):
            faults.append(f"{bound.figure} has grown from {before:.2f} to {after:.2f} {bound.unit}")
    records = last[-1].records - first[0].records
    lines.append(f"  changes/s {median(first, 'changes'):9.2f} {median(last, 'changes'):9.2f}")
    lines.append(f"  database  {first[0].database:9.2f} {last[-1].database:9.2f} MiB,"
                 f" {(last[-1].database - first[0].database) * MIB / max(1, records):.0f} bytes a record")
    early, late = map(list, storms(samples, number))
    before, after = median(early, "memory"), median(late, "memory")
    lines.append(f"  memory at the same ages in the first storm {before:.2f}, in the last {after:.2f} MiB")
    if after > BOUNDS[0].most(before, 1, newly_cached(early, late)):
        faults.append(f"memory after a start has grown from {before:.2f} to {after:.2f} MiB")
    return lines, faults


def storms(samples, longest):
    """Samples of the short lives before and after the long one, of ages that both have."""
    before = [sample for sample in samples if sample.life < longest]
    after = [sample for sample in samples if sample.life > longest]
    oldest = min(max((sample.age for sample in part), default=0) for part in (before, after))
    return ([sample for sample in part if sample.age <= oldest] for part in (before, after))


def unnoticed(samples):
    """The comparison must fail where a figure has grown to a tenth more than it may be, each by itself."""
    life, _ = long_life(samples)
    first, last = thirds(life)
    slower = max(1, median(last, "host") / median(first, "host"))
    faults, late = [], {sample.at for sample in last}
    for bound in BOUNDS:
        most = bound.most(median(first, bound.figure), slower, newly_cached(first, last))
        false = [replace(sample, **{bound.figure: 1.1 * most}) if sample.at in late else sample for sample in samples]
        if not any(fault.startswith(bound.figure) for fault in summary(false)[1]):
            faults.append(f"the comparison does not notice that {bound.figure} grows")
    return faults
