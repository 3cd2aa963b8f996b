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
import json
import os
import resource
import subprocess
import sys
import threading
import time

from berth_host import Daemon, UnixConnection

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BAR = 3
CLIENTS = 4
# How long the daemon lets a client take for a request.
DEADLINE = 15
# The daemon lets a connection go after this many seconds, whatever it does.
PATIENCE = 80


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


def allow_descriptors(count):
    """For the daemon and the crowd, which inherit it. Only root may go beyond the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
    except (ValueError, PermissionError) as error:
        raise RuntimeError(f"{count} descriptors are needed, and {hard} allowed; see ulimit -n") from error


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
    line = [sys.executable, os.path.join(HERE, "slow_crowd.py"), daemon.socket, str(daemon.port()), str(connections),
            str(seed)]
    crowd = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if crowd.stdout.readline().strip() != "full":
            raise RuntimeError("the crowd does not come together")
        come_to_rest(daemon)
        times, memory = measure(daemon, seconds), resident(daemon)
        crowd.stdin.close()
        return times, json.loads(crowd.stdout.readline()) | {"memory": memory}
    finally:
        if not crowd.stdin.closed:
            crowd.stdin.close()
        crowd.kill()
        crowd.wait()
        crowd.stdout.close()


def come_to_rest(daemon):
    """Waits until the daemon has taken the crowd in: what it costs to come is not what it costs to be there.

    In a crowd that is always renewed it never rests; that is measured as it is.
    """
    deadline, before = time.monotonic() + 5, daemon.cpu_seconds()
    while time.monotonic() < deadline:
        time.sleep(0.2)
        now = daemon.cpu_seconds()
        if now - before < 0.02:
            return
        before = now


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
    allow_descriptors(connections + 300)
    faults, alone, beside, memory, told = [], [], [], [], collections.Counter()
    most = 0
    with Daemon(binary, listen="127.0.0.1:0") as daemon:
        measure(daemon, min(1, seconds))
        # The clients' own connections may not have gone yet.
        goal = descriptors(daemon) + CLIENTS
        for number in range(rounds):
            alone += measure(daemon, seconds)
            times, said = beside_a_crowd(daemon, connections, seconds, seed + number)
            beside += times
            most = max(most, said["memory"])
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
          f" {percentile(beside, 0.99) * 1e3:.2f} ms; {most:.0f} MiB beside a crowd, behind each"
          f" {', '.join(f'{one:.0f}' for one in memory)}")
    faults += verdict(alone, beside)
    # The check itself must fail where one request in fifty takes far too long.
    longest = BAR * percentile(alone, 0.99) + 1
    if not verdict(alone, alone + [longest] * (len(alone) // 50 + 1)):
        faults.append("the check does not notice slow answers")
    return faults


def main():
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
