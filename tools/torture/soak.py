"""A mixed load for as long as asked, under which nothing may be lost and nothing may grow. See `soak --help`."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import kill_loop
import soak_figures
from berth_host import Daemon, UnixConnection, free_ranges
from kill_loop import forget_ended, record_faults, settled
from soak_load import LINE, Claims, Forgetful, Holding, Newcomer, Queuer, crowd
from soak_outside import Follower, Looker, Runner, Stranger

HERE = os.path.dirname(os.path.abspath(__file__))
PORTS, LINE_PORTS = 600, 40
ACTORS = {Newcomer: 2, Forgetful: 1, Queuer: 12, Runner: 2, Looker: 2, Follower: 2, Stranger: 1}
HOLDERS = 6
# Each storm's share of the time; the daemon between them lives for the rest.
STORM = 0.2
# Within so many seconds SIGTERM must end it, and after so many everything must be free again.
STOPPED, FREE = 10, 150
# What the log may tell: a request that waits as the daemon stops is refused. A crash tells anything.
LINE_OF_LOG = re.compile(r"^\S+Z ((trace|debug|info|notice|warning) |error request refused .*: Berth is stopping\. )")


class Lives:
    """The daemon's lives, one after another. Whoever looks at the process takes the lock."""

    def __init__(self, daemon):
        self.daemon, self.lock = daemon, threading.Lock()
        self.number, self.began_at = 1, time.monotonic()
        self.ends = {signal.SIGTERM: 0, signal.SIGKILL: 0}

    def restart(self, number):
        """Returns the faults of the end that it came to."""
        with self.lock:
            faults = self.faults()
            start = time.monotonic()
            code = self.daemon.stop(number)
            seconds = time.monotonic() - start
            self.ends[number] += 1
            if number == signal.SIGTERM and (code != 0 or seconds > STOPPED):
                faults.append(f"SIGTERM ended the daemon with {code} after {seconds:.1f} s")
            self.daemon.start()
            self.number, self.began_at = self.number + 1, time.monotonic()
        return faults

    def faults(self):
        code = self.daemon.process.poll()
        return [] if code is None else [f"the daemon has ended by itself with {code}"]


class Soak:
    """One run: the daemon, its load and its sampler."""

    def __init__(self, daemon, seconds, seed):
        self.daemon, self.seconds, self.seed = daemon, seconds, seed
        self.chance, self.claims, self.lives = random.Random(seed), Claims(), Lives(daemon)
        self.holders = crowd({Holding: HOLDERS}, daemon, self.claims, seed)
        self.actors = crowd(ACTORS, daemon, self.claims, seed + 1)
        self.threads, self.stop = [], None
        # At most 120 lines, and not more often than once in a second.
        self.sampler = soak_figures.Sampler(daemon, max(1, seconds / 120), seconds, self.lives)
        self.probe = None

    def go(self):
        """The load, the restarts and the checks in between. Returns the faults."""
        line = [sys.executable, os.path.join(HERE, "soak_probe.py"), self.daemon.socket,
                self.daemon.database + "-probe"]
        self.probe = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.sampler.hear, args=[self.probe.stdout], daemon=True).start()
        print(soak_figures.heading(), flush=True)
        self.sampler.start()
        for actor in self.actors:
            actor.start()
        self.load()
        faults = []
        for at, number in plan(self.seconds, self.chance):
            while not faults and (rest := self.sampler.begun_at + at - time.monotonic()) > 0:
                time.sleep(min(rest, 0.5))
                faults = self.troubles()
            if faults:
                break
            if number:
                faults = self.lives.restart(number)
            faults += self.check()
        if not faults:
            self.sampler.join(60)
        return faults + self.troubles()

    def load(self):
        self.stop = threading.Event()
        self.threads = [holder.load(self.stop) for holder in self.holders]

    def pause(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def troubles(self):
        """What must not wait for the end."""
        everybody = [*self.holders, *self.actors]
        faults = [f"{type(one).__name__} {one.number}: {one.error!r}" for one in everybody if one.error]
        faults += [f"the sampler: {self.sampler.error!r}"] if self.sampler.error else []
        if self.probe.poll() is not None:
            faults.append(f"the probe has ended with {self.probe.returncode}")
        with self.lives.lock:
            return faults + self.claims.faults + self.lives.faults()

    def check(self):
        """The holders stop for a moment, and their record is compared with the API. The rest of the load goes on."""
        self.pause()
        faults = settled(self.differences)
        for holder in self.holders:
            forget_ended(holder)
        self.load()
        return faults

    def differences(self):
        sessions = {f"s{holder.number}" for holder in self.holders}
        shown = {lease["id"]: lease for lease in self.daemon.leases("active") if lease["session"] in sessions}
        return record_faults(self.daemon, self.holders, shown)

    def end(self):
        """Stops the load, waits until everything is free, and looks at what is left. Returns the faults."""
        self.pause()
        followers = [actor for actor in self.actors if isinstance(actor, Follower)]
        faults = settled(self.differences) + joined([one for one in self.actors if one not in followers])
        for actor in self.actors:
            if isinstance(actor, Stranger):
                actor.unbind_all()
        self.close_probe()
        start = time.monotonic()
        faults += kill_loop.end(self.daemon, self.holders, FREE)
        print(f"everything was free {time.monotonic() - start:.0f} s after the load", flush=True)
        faults += settled(lambda: unread(self.daemon, followers))
        for follower in followers:
            follower.halt()
        return faults + joined(followers) + left_over(self.daemon) + self.troubles_of_end()

    def troubles_of_end(self):
        return [*self.claims.faults, *self.claims.unnoticed(), *self.lives.faults()]

    def close_probe(self):
        if self.probe is None or self.probe.stdin.closed:
            return
        self.probe.stdin.close()
        try:
            self.probe.wait(10)
        except subprocess.TimeoutExpired:
            self.probe.kill()
            self.probe.wait()

    def abandon(self):
        """Whatever happened, nothing is left running."""
        if self.stop:
            self.pause()
        self.sampler.stop.set()
        self.close_probe()
        for actor in self.actors:
            actor.is_stopped = True
            if isinstance(actor, Follower):
                actor.halt()
        joined(self.actors)
        for actor in self.actors:
            if isinstance(actor, Stranger):
                actor.unbind_all()
        for holder in self.holders:
            for process in (process for held in holder.leases for process in held.processes()):
                process.kill()


def plan(seconds, chance):
    """When to check, and with which signal to restart before it: two storms, and a long life between them."""
    period, events = max(4, seconds / 60), []
    at = period
    while at < seconds - 2:
        is_storm = at <= STORM * seconds or at >= (1 - STORM) * seconds
        events.append((at, chance.choice([signal.SIGTERM, signal.SIGKILL]) if is_storm else None))
        at += period
    return events


def joined(actors):
    """Stops them; returns what kept them."""
    for actor in actors:
        actor.is_stopped = True
    deadline = time.monotonic() + 90
    for actor in actors:
        if actor.ident:
            actor.join(max(0, deadline - time.monotonic()))
    faults = [f"{type(actor).__name__} {actor.number} does not come to an end" for actor in actors if actor.is_alive()]
    return faults + [f"{type(one).__name__} {one.number}: {one.error!r}" for one in actors if one.error]


def unread(daemon, followers):
    connection = UnixConnection(daemon.socket)
    head = connection.call("GET", "/v1/audit/head")[1]["seq"]
    connection.close()
    return [f"follower {one.number} has not read record {head} yet but {one.last}" for one in followers
            if one.last != head]


def left_over(daemon):
    """What nobody may have left behind, and the audit's own word."""
    connection = UnixConnection(daemon.socket)
    tickets = connection.call("GET", "/v1/tickets?limit=1000")[1]["tickets"]
    sessions = connection.call("GET", "/v1/sessions?state=active&limit=1000")[1]["sessions"]
    connection.close()
    faults = [f"nobody waits, and there are {tickets}"] if tickets else []
    faults += [f"nobody holds anything, and there are {sessions}"] if sessions else []
    whole = subprocess.run([daemon.binary, "audit", "verify", "--socket", daemon.socket], capture_output=True,
                           text=True, check=False, timeout=600)
    print(f"berth audit verify: {whole.stdout.strip()}", flush=True)
    if whole.returncode != 0:
        faults.append(f"audit verify ended with {whole.returncode}: {whole.stdout}{whole.stderr}")
    return faults


def last_things(daemon):
    """The daemon's end, its file and its log."""
    code = daemon.stop(signal.SIGTERM)
    faults = [] if code == 0 else [f"SIGTERM ended the daemon with {code}"]
    database = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    found = database.execute("PRAGMA integrity_check").fetchall()
    database.close()
    if found != [("ok",)]:
        faults.append(f"the file is broken: {found[:3]}")
    with open(daemon.log, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    warnings = [line for line in lines if " warning " in line]
    print(f"the log has {len(lines)} lines, {len(warnings)} of them warnings" + "".join(
        f"\n  {line[:200]}" for line in warnings[:3]), flush=True)
    return faults + [f"the log says: {line[:500]}" for line in lines if not LINE_OF_LOG.match(line)]


def told(soak):
    """How much there was to see."""
    counts = {"Holding": sum(one.operations for one in soak.holders)}
    for actor in soak.actors:
        counts[type(actor).__name__] = counts.get(type(actor).__name__, 0) + actor.operations
    outcomes = {}
    for actor in soak.actors:
        for outcome, count in getattr(actor, "outcomes", {}).items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    refusals = sum(one.refusals for one in [*soak.holders, *soak.actors])
    return (f"seed {soak.seed}: {soak.claims.grants} grants; " + ", ".join(f"{name} {n}" for name, n in counts.items())
            + f"; {refusals} refusals; who waited was {outcomes}; {soak.lives.ends[signal.SIGTERM]} times SIGTERM,"
            f" {soak.lives.ends[signal.SIGKILL]} times SIGKILL")


def run(binary, minutes, seed):
    """Returns the faults found in so many minutes."""
    daemon = Daemon(binary, options=["--quarantine", "0.5"])
    # Beside other tests on this host; strangers are at home in this range, and would be in theirs.
    ((first, last),) = free_ranges(PORTS + LINE_PORTS, start=24000 + os.getpid() % 7000)
    daemon.range = (first, first + PORTS - 1)
    daemon.options += ["--pool", f"{LINE}={first + PORTS}-{last}"]
    with daemon:
        soak = Soak(daemon, 60 * minutes, seed)
        try:
            faults = soak.go()
            lines, growth = soak_figures.summary(soak.sampler.samples)
            faults = list(dict.fromkeys(faults))
            if not faults:
                faults = growth + soak.end() + last_things(daemon)
                faults += soak_figures.unnoticed(soak.sampler.samples)
        finally:
            soak.abandon()
        print("\n".join([*lines, told(soak)]), flush=True)
        return [f"seed {seed}: {fault}" for fault in faults]
