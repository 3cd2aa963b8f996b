"""What is measured once in each round. A subject returns figures by their labels; a figure is what the generator prints."""

import functools
import gc
import json
import os
import statistics
import subprocess
import time

from suite import machine
from suite.owners import Owners
from suite.stage import LARGE_POOL, LEASES, Berth, Failed


class Subject:
    """Something to measure. Where it can't be had, `skipped` says why."""

    skipped = None
    # Needs the machine for itself: it is measured after all others have ended.
    is_alone = False

    def prepare(self, stage):
        """Starts what is to be there before the first round."""

    def measure(self, stage, number):
        """The figures of one round."""
        raise NotImplementedError


class Load(Subject):
    """One workload on so many connections."""

    def __init__(self, workload, connections):
        self.workload, self.connections = workload, connections
        self.label = load_label(workload, connections)

    def prepare(self, stage):
        stage.main

    def measure(self, stage, number):
        return {self.label: stage.load(self.workload, self.connections)}


def load_label(workload, connections):
    names = {"lease": "changes", "echo": "echo", "livez": "/livez"}
    return f"{names[workload]}, {connections}"


class Peer(Subject):
    """Another program that does such work."""

    def __init__(self, label, peer):
        self.label, self.peer = label, peer

    def prepare(self, stage):
        self.skipped = self.peer.available()
        if self.skipped:
            return
        # How it ends is told first, as it may have started in part.
        stage.exits.callback(self.peer.stop)
        try:
            self.peer.install()
            self.peer.start()
        except Exception as failure:
            self.skipped = f"{self.label} did not start: {str(failure).strip().split(chr(10))[0]}"

    def measure(self, stage, number):
        found = self.peer.measure(64, stage.options.duration, stage.options.warm_up)
        if found.get("failures"):
            raise Failed(f"{self.label}: {'; '.join(found['failures'])}")
        return {self.label: found}


class Kernel(Subject):
    """What a change costs the kernel at least."""

    def measure(self, stage, number):
        duration = ["--duration", stage.options.duration]
        return {"fdatasync of 4 KiB": stage.measure("sync", "--folder", stage.folder, *duration),
                "the probe's binds": stage.measure("probe", *duration)}


class SQLite(Subject):
    """The statements of a grant and a release without anything around them."""

    def __init__(self, batch):
        self.batch, self.database = batch, None

    def prepare(self, stage):
        daemon = Berth(stage.berth, {"default": (20000, 29999)})
        stage.exits.push(daemon)
        daemon.start().stop()
        self.database = daemon.database

    def measure(self, stage, number):
        return {f"SQLite, {self.batch} a transaction": stage.measure(
            "sqlite", "--database", self.database, "--batch", self.batch, "--duration", stage.options.duration)}


def grant(connection):
    """Seconds that a grant took. The session never held a block, so that one is looked for. Its release is not timed."""
    request = connection.request(
        "POST", "/v1/leases", {"session": f"bench-{time.monotonic_ns()}", "count": 6, "ttl_seconds": 300})
    start = time.perf_counter()
    connection.socket.sendall(request)
    status, body = connection.receive()
    seconds = time.perf_counter() - start
    if status != 201:
        raise Failed(f"a grant was answered with {status} {body[:300]}")
    connection.call(204, "DELETE", f"/v1/leases/{json.loads(body)['id']}")
    return seconds


def in_turns(first, second, seconds, number):
    """The times of two works that take turns, request by request, and whose order turns from round to round."""
    works, spans = [(0, first), (1, second)], ([], [])
    if number % 2:
        works.reverse()
    # A collection would be in the times of whoever is measured just then.
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(spans[0]) < 3:
            for place, work in works:
                spans[place].append(work())
    finally:
        gc.enable()
    return spans


def figure(spans):
    late = sorted(spans)[min(len(spans) - 1, int(len(spans) * 0.99))]
    return {"p50_us": statistics.median(spans) * 1e6, "p99_us": late * 1e6, "count": len(spans)}


class Pools(Subject):
    """A grant in a large pool with many leases and one in a small, empty pool, in turns."""

    def prepare(self, stage):
        stage.large, stage.small

    def measure(self, stage, number):
        with stage.large.connect() as one, stage.small.connect() as other:
            large, small = functools.partial(grant, one), functools.partial(grant, other)
            in_turns(large, small, stage.options.warm_up, number)
            spans = in_turns(large, small, stage.options.duration, number)
        return {"grant, 10,000 live leases": figure(spans[0]), "grant, empty pool": figure(spans[1])}


class Memory(Subject):
    """What a daemon with many leases holds in memory after load."""

    def prepare(self, stage):
        stage.large

    def measure(self, stage, number):
        stage.load("lease", 64, stage.large)
        now, most = machine.memory(stage.large.process.pid)
        return {"memory": {"mib": now, "most_mib": most}}


class Starts(Subject):
    """From the start of the process to the first answer that it is ready."""

    def prepare(self, stage):
        stage.histories

    def measure(self, stage, number):
        long, short = [functools.partial(start_up, daemon) for daemon in stage.histories]
        # As many as there is time for, and three at least.
        spans = in_turns(long, short, stage.options.duration, number)
        return {"start, long history": figure(spans[0]), "start, no history": figure(spans[1])}


def start_up(daemon):
    daemon.stop()
    start = time.perf_counter()
    daemon.start()
    return time.perf_counter() - start


class Lists(Subject):
    """Whole processes that print what a daemon has: a page of 100 leases."""

    def prepare(self, stage):
        self.daemon = stage.open(Berth(stage.berth, {"default": (20000, 29999)}))
        with self.daemon.connect() as connection:
            for number in range(100):
                connection.call(201, "POST", "/v1/leases", {"session": f"list-{number}", "count": 6, "ttl_seconds": 86_400})
        berth = [stage.berth, "list", "--socket", self.daemon.socket]
        curl = ["curl", "--silent", "--fail", "--unix-socket", self.daemon.socket, "http://localhost/v1/leases"]
        self.commands = {"berth list --json": [*berth, "--json"], "curl": curl, "berth list": berth}
        try:
            sizes = [printed(self.commands[name]) for name in ("berth list --json", "curl")]
        except FileNotFoundError:
            self.skipped = "there is no curl"
            return
        # A line's end more or less.
        if abs(sizes[0] - sizes[1]) > 1:
            raise Failed(f"berth list --json prints {sizes[0]} bytes and curl {sizes[1]}")

    def measure(self, stage, number):
        spans = {name: [] for name in self.commands}
        names = list(spans)
        names = names[number % 3:] + names[:number % 3]
        with open(os.devnull, "wb") as nowhere:
            end = time.perf_counter() + stage.options.duration * 2
            while time.perf_counter() < end:
                for name in names:
                    spans[name].append(lasted(self.commands[name], nowhere))
        return {name: figure(found) for name, found in spans.items()}


def printed(command):
    """How many bytes it prints; it must print 100 leases."""
    text = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    if len(json.loads(text)["leases"]) != 100:
        raise Failed(f"{command} did not print 100 leases")
    return len(text)


def lasted(command, output):
    """Seconds that a process took to its end."""
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise Failed(f"{command} ended with {done.returncode}")
    return seconds


class Idle(Subject):
    """The CPU of a daemon whose leases all have a living owner, while nothing happens."""

    is_alone = True

    def prepare(self, stage):
        owners = stage.exits.enter_context(Owners(LEASES))
        self.daemon = stage.open(Berth(stage.berth, {"default": LARGE_POOL}))
        self.daemon.fill("default", owners=owners.pids)
        # What was asked last is done.
        time.sleep(1)

    def measure(self, stage, number):
        pid = self.daemon.process.pid
        busy, start = machine.cpu_seconds(pid), time.perf_counter()
        time.sleep(stage.options.idle_seconds)
        percent = 100 * (machine.cpu_seconds(pid) - busy) / (time.perf_counter() - start)
        return {"idle": {"percent": percent}, "memory with owners": {"mib": machine.memory(pid)[0]}}
