"""The daemons that are measured, each started when the first subject asks for it, and the generator."""

import functools
import json
import os
import re
import shutil
import subprocess
import time

from suite.histories import POOL, histories
from suite.host import Daemon, free_ranges
from suite.wire import Connection

LEASES = 10_000
LEASES_OF_A_SESSION = 10
# Ports of a lease that is there to be live: 10,000 of them leave room in the pool that is to hold them.
LIVE_BLOCK = 5
LARGE_POOL = (5000, 64999)
# The leases that stay take these, so that grants find room below the ports that connections get by themselves.
FIRST_LIVE_PORT = 15000


class Failed(Exception):
    """A measurement whose figures would mean nothing."""


class Berth(Daemon):
    """A daemon with an echo, whose pools may be several."""

    def __init__(self, binary, pools, listen="none", history=None):
        super().__init__(binary, pool_size=1)
        self.pools, self.listen = pools, listen
        if history:
            shutil.copyfile(history, self.database)

    def start(self):
        environment = {**os.environ, "HOME": self.folder.name, "BERTH_BENCHMARK_ECHO": "1"}
        line = [self.binary, "serve", "--database", self.database, "--socket", self.socket, "--listen", self.listen,
                "--token-file", self.token_file, "--max-sessions", "100000"]
        for name, (first, last) in self.pools.items():
            line += ["--pool", f"{name}={first}-{last}"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(line, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed("the daemon did not start")
            # A start is timed by this too.
            time.sleep(0.001)
        return self

    @property
    def token_file(self):
        return os.path.join(self.folder.name, "token")

    @property
    def tcp(self):
        """The address that the daemon says it has: it was given port 0."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            host, port = re.findall(r"listening address=http://([^:\s]+):(\d+)", log.read())[-1]
        return host, int(port)

    def connect(self):
        if self.listen == "none":
            return Connection(self.socket)
        with open(self.token_file, encoding="ascii") as file:
            return Connection(self.tcp, file.read().strip())

    def last_lines(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-2000:]

    def fill(self, pool, count=LIVE_BLOCK, first=None, owners=None):
        """Grants leases that stay, over many connections at once."""
        def wish(number):
            body = {"session": f"live-{number // LEASES_OF_A_SESSION}", "count": count, "pool": pool}
            if first:
                body["preferred_first_port"] = first + number * count
            body |= {"owner_pid": owners[number]} if owners else {"ttl_seconds": 86_400}
            return body

        connections = [Connection(self.socket) for _ in range(50)]
        for start in range(0, LEASES, len(connections)):
            for number, connection in enumerate(connections):
                connection.send("POST", "/v1/leases", wish(start + number))
            for connection in connections:
                connection.expect(201)
        for connection in connections:
            connection.socket.close()


class Stage:
    def __init__(self, options, berth, generator, folder, exits):
        self.options, self.berth, self.generator, self.folder, self.exits = options, berth, generator, folder, exits
        self.daemons = []

    def open(self, daemon):
        """Starts a daemon that ends with the stage."""
        # First told how it ends: it may have a process when its start fails.
        self.exits.push(daemon)
        self.daemons.append(daemon)
        return daemon.start()

    @functools.cached_property
    def main(self):
        """What load is put on."""
        return self.open(Berth(self.berth, {"default": widest_range()}, "127.0.0.1:0" if self.options.tcp else "none"))

    @functools.cached_property
    def small(self):
        """An empty pool of 1,000 ports."""
        return self.open(Berth(self.berth, {"default": free_ranges(1000, start=1100, end=LARGE_POOL[0])[0]}))

    @functools.cached_property
    def large(self):
        """10,000 live leases in a pool of 60,000 ports."""
        daemon = self.open(Berth(self.berth, {"default": LARGE_POOL}))
        daemon.fill("default", first=FIRST_LIVE_PORT)
        return daemon

    @functools.cached_property
    def histories(self):
        """Two daemons with 10,000 live leases, one of them with a long history."""
        size = self.options.history
        made = histories(self.berth, [size])
        pools = {"default": POOL, "live": (5000, 19999)}
        found = [self.open(Berth(self.berth, pools, history=path)) for path in (made[size], None)]
        for daemon in found:
            daemon.fill("live", count=1)
        return found

    def measure(self, *arguments):
        """One invocation of the generator."""
        line = [self.generator, *map(str, arguments)]
        done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            figure = json.loads(done.stdout)
        except ValueError:
            figure = {"failures": [f"it said {done.stdout[:300]!r}"]}
        if done.returncode or figure.get("failures"):
            words = "; ".join(figure.get("failures", [])) + " " + done.stderr.strip()[-1000:]
            raise Failed(f"berth-bench {' '.join(line[1:])} ended with {done.returncode}: {words.strip()}")
        return figure

    def load(self, workload, connections, daemon=None):
        daemon = daemon or self.main
        endpoint = ["--socket", daemon.socket]
        if daemon.listen != "none":
            endpoint = ["--tcp", "%s:%d" % daemon.tcp, "--token-file", daemon.token_file]
        return self.measure(
            "http", *endpoint, "--workload", workload, "--connections", connections, "--duration", self.options.duration,
            "--warm-up", self.options.warm_up, "--daemon-pid", daemon.process.pid)

    def log_tails(self):
        return "\n".join(daemon.last_lines() for daemon in self.daemons if os.path.exists(daemon.log))


def widest_range():
    """A range for the pool that load is put on: as wide as this host has one free."""
    for size in (10_000, 5_000, 2_000):
        try:
            return free_ranges(size, start=10_000, end=32_768)[0]
        except RuntimeError:
            pass
    raise Failed("this host has no 2,000 consecutive ports that are free")
