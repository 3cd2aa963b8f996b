"""What else happens on the soak's host: commands under `berth run`, people who look, readers of events, strangers."""

import http.client
import os
import re
import select
import signal
import socket
import subprocess
import time
from datetime import datetime, timedelta, timezone

from berth_host import UnixConnection
from soak_load import LINE, Actor, Claim

EXIT = 7
# The exit codes of a command whose daemon goes away: it is gone, or says that it stops.
GONE = (69, 75)
SCRIPT = f"echo $BERTH_LEASE $BERTH_PORTS; read line; exit {EXIT}"


class Runner(Actor):
    """Runs commands under `berth run`, some with --hold; of some the launcher is killed while the command lives."""

    REST = 0.2

    def act(self):
        count = self.random.choice([1, 2, 3])
        line = [self.daemon_process.binary, "run", f"run-{self.number}-{self.operations}", "-n", str(count), "--wait",
                "20s", "--socket", self.socket, "--database", self.daemon_process.database]
        line += ["--hold"] if self.random.random() < 0.3 else []
        asked_at, turn = time.monotonic(), self.daemon_process.turns
        environment = {"PATH": os.environ["PATH"], "HOME": self.daemon_process.folder.name}
        # A session of its own: whatever becomes of the launcher, both can be ended.
        with subprocess.Popen(line + ["--", "/bin/sh", "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True) as run:
            try:
                self.see(run, asked_at, turn)
            finally:
                # The command reads the end of its input, or is killed.
                run.stdin.close()
                try:
                    run.wait(30)
                except subprocess.TimeoutExpired:
                    pass
                self.kill_group(run.pid)

    def see(self, run, asked_at, turn):
        words = run.stdout.readline().split() if select.select([run.stdout], [], [], 60)[0] else []
        if not words:
            run.stdin.close()
            code, said = run.wait(30), run.stderr.read()
            # A daemon may go away between the lease and the command's attachment.
            if code in GONE and (turn % 2 == 0 or turn != self.daemon_process.turns):
                self.refusals += 1
                return
            # With --hold: nobody keeps a stranger from binding a port that was just leased.
            taken = re.search(r"Port (\d+) of the lease cannot be listened on", said)
            if taken and self.claims.bound_at.get(int(taken[1]), 0) > asked_at:
                self.refusals += 1
                return
            raise AssertionError(f"berth run ended with {code} and started nothing: {said}")
        claim = Claim({"id": int(words[0]), "ports": [int(word) for word in words[1:]]})
        self.claims.grant(claim, asked_at)
        time.sleep(self.random.uniform(0, 0.2))
        is_killed = self.random.random() < 0.3
        if is_killed:
            run.kill()
            run.wait(30)
            _, lease = self.expect((200,), "GET", f"/v1/leases/{claim.id}")
            if lease["state"] != "active":
                raise AssertionError(f"the command of {lease} lives, though its launcher was killed")
        claim.release_sent_at = time.monotonic()
        run.stdin.close()
        if not is_killed and run.wait(30) != EXIT:
            raise AssertionError(f"berth run ended with {run.returncode}, its command with {EXIT}: {run.stderr.read()}")
        self.see_end(claim, is_killed)

    def see_end(self, claim, is_killed):
        """A lease ends with its command, a killed launcher's by the reaper."""
        deadline = time.monotonic() + 30
        while True:
            _, lease = self.expect((200,), "GET", f"/v1/leases/{claim.id}")
            if lease["state"] != "active":
                break
            if time.monotonic() > deadline:
                raise AssertionError(f"the command of {lease} has ended")
            time.sleep(0.02)
        if is_killed and lease["state"] != "orphaned":
            raise AssertionError(f"nobody released {lease}")

    @staticmethod
    def kill_group(group):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Looker(Actor):
    """Lists and queries of all kinds. None is as long as the history is, which grows."""

    REST = 0.04

    def act(self):
        port = self.random.randint(*self.daemon_process.range)
        then = (datetime.now(timezone.utc) - timedelta(seconds=self.random.uniform(0, 20))).isoformat(
            timespec="milliseconds").replace("+00:00", "Z")
        path = self.random.choice([
            "/v1/leases?limit=100", f"/v1/leases?state=ended&port={port}&limit=50",
            "/v1/leases?session=s1&state=all&limit=50", f"/v1/leases?pool={LINE}&limit=100",
            "/v1/sessions?limit=100", "/v1/sessions?state=active&limit=1000", "/v1/pools", f"/v1/ports/{port}",
            f"/v1/ports/{port}?at={then}", "/v1/tickets?limit=100", "/readyz?verbose",
            "/v1/audit?limit=100&order=desc", f"/v1/audit?port={port}&limit=50&order=desc",
            "/v1/audit?session=s2&limit=50&order=desc", f"/v1/audit?event=lease.orphaned&since={then}&limit=1000",
            "/v1/audit?event=ticket.lapsed&limit=20&order=desc", "/v1/audit/head", "/v1/reap",
        ])
        if path == "/v1/reap":
            self.expect((200,), "POST", path, {"dry_run": True})
            return
        _, answer = self.expect((200,), "GET", path)
        for pool in answer.get("pools", []):
            if pool["size"] != sum(pool[state] for state in ("free", "leased", "quarantined", "foreign")):
                raise AssertionError(f"the ports of a pool are more or fewer than it has: {pool}")


class Follower(Actor):
    """Reads the events, through restarts and over connections that it closes itself: each record once, in order."""

    REST = 0.2

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.last, self.stream = 0, None

    def act(self):
        until = time.monotonic() + self.random.uniform(2, 20)
        self.stream = UnixConnection(self.socket, timeout=40)
        try:
            self.stream.request("GET", "/v1/events", headers={"Last-Event-ID": str(self.last)})
            response = self.stream.getresponse()
            if response.status != 200:
                raise AssertionError(f"the events were answered with {response.status}")
            for line in response:
                if line.startswith(b"id: "):
                    self.read(int(line[4:]))
                if self.is_stopped or time.monotonic() > until:
                    break
        except (OSError, http.client.HTTPException):
            pass  # the daemon went away: it goes on from the last record
        finally:
            self.stream.close()

    def halt(self):
        """Ends a read that waits for the next record."""
        self.is_stopped = True
        try:
            self.stream.sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass  # it has no connection just now

    def read(self, seq):
        if seq != self.last + 1:
            raise AssertionError(f"event {seq} came after event {self.last}")
        self.last = seq


class Stranger(Actor):
    """Programs that bind ports of the pool and never ask: TCP and UDP, IPv4 and IPv6, listening or not."""

    MOST = 12
    REST = 0.2

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.sockets = {}

    def act(self):
        if self.sockets and (len(self.sockets) >= self.MOST or self.random.random() < 0.4):
            self.unbind(self.random.choice(list(self.sockets)))
        else:
            self.bind(self.random.randint(*self.daemon_process.range))

    def bind(self, port):
        family, host = self.random.choice(
            [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, ""), (socket.AF_INET6, "::1")])
        kind = self.random.choice([socket.SOCK_STREAM, socket.SOCK_DGRAM])
        one = None
        try:
            one = socket.socket(family, kind)
            one.bind((host, port))
            if kind == socket.SOCK_STREAM and self.random.random() < 0.5:
                one.listen()
        except OSError:
            # Somebody has it, be it the probe for a moment, or this host has no IPv6.
            if one:
                one.close()
            return
        self.sockets[port] = one
        with self.claims.lock:
            self.claims.strangers[port] = self.claims.bound_at[port] = time.monotonic()

    def unbind(self, port):
        with self.claims.lock:
            self.claims.strangers.pop(port, None)
        self.sockets.pop(port).close()

    def unbind_all(self):
        for port in list(self.sockets):
            self.unbind(port)
