#!/usr/bin/env python3
"""What slow and idle connections cost the others:  tools/torture/slow_clients.py [--connections N] [--seconds S]

A crowd of connections, half on the Unix socket and half on TCP, of five kinds: those that say nothing, those that
send a header or a body a byte at a time, those that keep a connection open after one request, and those that do not
take their answer. Whatever the daemon closes is opened again. Beside it clients lease and release; the 99th percentile
of their requests must stay within 3 times that of the same clients without the crowd. In the end the daemon has let
go of everything.
"""

import argparse
import collections
import heapq
import json
import os
import random
import resource
import select
import socket
import subprocess
import sys
import threading
import time

from berth_host import Daemon, UnixConnection

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BAR = 3
CLIENTS = 4
# Connections that are opened in a second. A crowd that comes, or is closed, all at once is another test.
PACE = 500
# How long the daemon lets a client take for a request, and a dribble's pause.
DEADLINE = 15
PAUSE = 3
# The daemon lets a connection go after this many seconds, whatever it does.
PATIENCE = 80

HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
KINDS = {
    "silent": b"",
    "header": HEAD + b"X-Slow: ",
    "body": b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 60000\r\n\r\n",
    "idle": HEAD + b"\r\n",
    "deaf": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


class Crowd:
    """So many slow connections, kept up for as long as standard input is open. It runs in a process of its own."""

    def __init__(self, path, port, size, seed):
        self.path, self.port, self.size = path, port, size
        self.random = random.Random(seed)
        self.poll = select.epoll()
        self.members = {}  # descriptor -> (socket, kind)
        self.dribbles = []  # (when, number, descriptor, socket)
        self.vacant = collections.deque(range(size))
        self.numbers = {}  # descriptor -> the member's number, which decides what it is
        self.opened = self.closed = self.refused = 0
        self.fewest = size

    def run(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, self.size + 200)), hard))
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
        start, is_full = time.monotonic(), False
        while True:
            for descriptor, events in self.poll.poll(0.02):
                if descriptor == sys.stdin.fileno():
                    print(json.dumps({"opened": self.opened, "closed": self.closed, "refused": self.refused,
                                      "fewest": self.fewest}), flush=True)
                    return
                self.hear(descriptor, events)
            now = time.monotonic()
            self.fill(PACE * (now - start))
            self.dribble(now)
            if is_full:
                self.fewest = min(self.fewest, len(self.members))
            elif len(self.members) >= self.size:
                is_full = True
                print("full", flush=True)

    def fill(self, allowance):
        while self.vacant and self.opened + self.refused < allowance:
            number = self.vacant.popleft()
            # The two counts are coprime, so that each kind is on both listeners.
            kind, on_socket = list(KINDS)[number % len(KINDS)], number % 2 == 0
            if kind == "body" and not on_socket:
                kind = "header"  # without a token TCP takes no body
            try:
                member = socket.socket(socket.AF_UNIX if on_socket else socket.AF_INET)
                member.settimeout(10)
                member.connect(self.path if on_socket else ("127.0.0.1", self.port))
                member.sendall(KINDS[kind])
            except OSError:
                self.refused += 1
                self.vacant.append(number)
                continue
            member.setblocking(False)
            self.opened += 1
            descriptor = member.fileno()
            self.members[descriptor], self.numbers[descriptor] = (member, kind), number
            self.poll.register(descriptor, select.EPOLLRDHUP | (0 if kind == "deaf" else select.EPOLLIN))
            if kind in ("header", "body"):
                self.plan(time.monotonic(), descriptor, member)

    def plan(self, now, descriptor, member):
        heapq.heappush(self.dribbles, (now + self.random.uniform(0.5, 1.5) * PAUSE, self.opened, descriptor, member))

    def dribble(self, now):
        while self.dribbles and self.dribbles[0][0] <= now:
            _, _, descriptor, member = heapq.heappop(self.dribbles)
            if self.members.get(descriptor, (None,))[0] is not member:
                continue
            try:
                member.send(b"a" if self.members[descriptor][1] == "header" else b" ")
            except OSError:
                self.leave(descriptor)
            else:
                self.plan(now, descriptor, member)

    def hear(self, descriptor, events):
        if descriptor not in self.members:
            return
        if not events & select.EPOLLIN:
            self.leave(descriptor)
            return
        try:
            if self.members[descriptor][0].recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.leave(descriptor)

    def leave(self, descriptor):
        """The daemon has closed it; another takes its place."""
        member, _ = self.members.pop(descriptor)
        self.poll.unregister(descriptor)
        member.close()
        self.closed += 1
        self.vacant.append(self.numbers.pop(descriptor))


class Client(threading.Thread):
    """Leases six ports and releases them, again and again, and notes how long each answer takes."""

    def __init__(self, number, path, until):
        super().__init__()
        self.number, self.path, self.until = number, path, until
        self.times = []
        self.error = None

    def run(self):
        try:
            connection = UnixConnection(self.path)
            while time.monotonic() < self.until:
                body = {"session": f"client-{self.number}", "count": 6, "ttl_seconds": 600}
                status, lease = self.timed(connection, "POST", "/v1/leases", body)
                if status != 201:
                    raise AssertionError(f"a lease was answered with {status} {lease}")
                status, _ = self.timed(connection, "DELETE", f"/v1/leases/{lease['id']}")
                if status != 204:
                    raise AssertionError(f"a release was answered with {status}")
            connection.close()
        except Exception as error:  # told by the one who joins
            self.error = error

    def timed(self, connection, method, path, body=None):
        start = time.monotonic()
        answer = connection.call(method, path, body)
        self.times.append(time.monotonic() - start)
        return answer


def measure(daemon, seconds):
    """Every latency of the clients in so many seconds."""
    until = time.monotonic() + seconds
    clients = [Client(number, daemon.socket, until) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    for client in clients:
        if client.error:
            raise RuntimeError(f"client {client.number}: {client.error!r}")
    return [one for client in clients for one in client.times]


def beside_a_crowd(daemon, connections, seconds, seed):
    """The same beside a crowd, and what the crowd has to tell."""
    line = [sys.executable, os.path.abspath(__file__), "--crowd", daemon.socket, str(daemon.port()), str(connections),
            str(seed)]
    crowd = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if crowd.stdout.readline().strip() != "full":
            raise RuntimeError("the crowd does not come together")
        times = measure(daemon, seconds)
        crowd.stdin.close()
        return times, json.loads(crowd.stdout.readline())
    finally:
        if not crowd.stdin.closed:
            crowd.stdin.close()
        crowd.kill()
        crowd.wait()
        crowd.stdout.close()


def percentile(times, part):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def verdict(alone, beside):
    """The fault, where the crowd costs the others more than it may."""
    before, after = percentile(alone, 0.99), percentile(beside, 0.99)
    if after > BAR * before:
        return [f"p99 was {after * 1e3:.1f} ms beside the crowd and {before * 1e3:.1f} ms without:"
                f" {after / before:.1f} times, more than {BAR}"]
    return []


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def resident(daemon):
    """MiB."""
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii", errors="replace") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def lets_go(daemon, goal):
    """Waits until the daemon has no more descriptors than before."""
    deadline = time.monotonic() + PATIENCE
    while descriptors(daemon) > goal and time.monotonic() < deadline:
        time.sleep(0.1)
    left = descriptors(daemon)
    return [f"{left} descriptors are open after the crowd has gone; before it were {goal}"] if left > goal else []


def run(binary, connections, seconds, rounds, seed):
    """Returns the faults found beside crowds of so many connections."""
    faults, alone, beside, memory, told = [], [], [], [], collections.Counter()
    with Daemon(binary, listen="127.0.0.1:0") as daemon:
        measure(daemon, min(1, seconds))
        # The clients' own connections may not have gone yet.
        goal = descriptors(daemon) + CLIENTS
        for number in range(rounds):
            alone += measure(daemon, seconds)
            times, said = beside_a_crowd(daemon, connections, seconds, seed + number)
            beside += times
            told.update(opened=said["opened"], closed=said["closed"], refused=said["refused"])
            if said["fewest"] < 0.9 * connections:
                faults.append(f"the crowd was {said['fewest']} connections at one time, of {connections}")
            faults += lets_go(daemon, goal)
            memory.append(resident(daemon))
        if max(memory) > 1.25 * memory[0] + 16:
            faults.append(f"memory grows from crowd to crowd: {[round(one) for one in memory]} MiB")
    if seconds > DEADLINE and not told["closed"]:
        faults.append(f"in {seconds:.0f} s the daemon has let go of nobody, though its deadline is {DEADLINE} s")
    print(f"seed {seed}: {connections} connections, {told['opened']} opened, {told['closed']} closed by the daemon,"
          f" {told['refused']} refused; {len(alone)} and {len(beside)} requests, p50 {percentile(alone, 0.5) * 1e3:.2f}"
          f" and {percentile(beside, 0.5) * 1e3:.2f} ms, p99 {percentile(alone, 0.99) * 1e3:.2f} and"
          f" {percentile(beside, 0.99) * 1e3:.2f} ms; {memory[-1]:.0f} MiB")
    faults += verdict(alone, beside)
    # The check itself must fail where one request in fifty takes far too long.
    longest = BAR * percentile(alone, 0.99) + 1
    if not verdict(alone, alone + [longest] * (len(alone) // 50 + 1)):
        faults.append("the check does not notice slow answers")
    return faults


def main():
    if sys.argv[1:2] == ["--crowd"]:
        path, port, size, seed = sys.argv[2:]
        Crowd(path, int(port), int(size), int(seed)).run()
        return
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--connections", type=int, default=5000)
    arguments.add_argument("--seconds", type=float, default=20, help="of each measurement; longer than the deadlines")
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--short", action="store_true", help="300 connections, 2 s: for every run of the tests")
    arguments.add_argument("--binary", default=os.path.join(ROOT, ".build", "release", "berth"))
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    if options.short:
        options.connections, options.seconds, options.rounds = 300, 2, 3
    faults = run(options.binary, options.connections, options.seconds, options.rounds, options.seed)
    for fault in faults:
        print(f"FAILED slow clients: {fault}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
