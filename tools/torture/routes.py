"""Releases race with routed requests: pairs of sessions trade a port each, and nobody is answered by the other one."""

import http.client
import os
import random
import subprocess
import sys
import threading
import time

from berth_host import Daemon, UnixConnection, free_ranges

PAIRS = 4
# Connections that ask for one session at once.
ASKERS = 2


class Agents:
    """The process of one side's agents; see routes_agents.py."""

    def __init__(self, side):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "routes_agents.py")
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, script, side], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words):
        with self.lock:
            self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        if answer != "done":
            raise RuntimeError(f"the agents were told {words} and said {answer!r}")

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


class Session:
    """What is known of one session: an odd count while it may have a lease."""

    def __init__(self, name):
        self.name = name
        self.turns = 0
        self.answers = 0

    def begin(self):
        self.turns += 1

    def end(self):
        self.turns += 1


class Pair(threading.Thread):
    """Leases a pool's one port for one session, then for the other, and so on, each time as soon as it is released."""

    def __init__(self, number, port, socket, sides, goal, seed):
        super().__init__(daemon=True)
        self.number, self.port, self.socket, self.goal = number, port, socket, goal
        self.sides = sides
        self.sessions = {side: Session(f"{side}{number}") for side in sides}
        self.random = random.Random(seed)
        self.done = 0
        self.error = None

    def run(self):
        try:
            connection = UnixConnection(self.socket)
            while self.done < self.goal:
                for side, agents in self.sides.items():
                    self.turn(connection, self.sessions[side], agents)
                    self.done += 1
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.error = error

    def turn(self, connection, session, agents):
        session.begin()
        lease = self.lease(connection, session)
        agents.tell("listen", session.name, self.port)
        # In the midst of the requests, never at the same place.
        goal = session.answers + self.random.randrange(1, 4)
        deadline = time.monotonic() + 30
        while session.answers < goal:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nobody is answered for {session.name}, whose agent listens on {self.port}")
            time.sleep(0.0002)
        if self.random.random() < 0.5:
            agents.tell("close", session.name)
            self.release(connection, lease)
        else:
            self.release(connection, lease)
            agents.tell("close", session.name)
        session.end()

    def lease(self, connection, session):
        body = {"session": session.name, "count": 1, "pool": f"p{self.number}", "agents": ["x"]}
        deadline = time.monotonic() + 30
        while True:
            status, lease = connection.call("POST", "/v1/leases", body)
            if status == 201:
                return lease["id"]
            # The port is looked at again when a stranger, which the last agent is, has left it.
            if status != 503 or time.monotonic() > deadline:
                raise RuntimeError(f"a lease for {session.name} was answered with {status} {lease}")
            connection.call("POST", "/v1/reap")

    def release(self, connection, lease):
        status, answer = connection.call("DELETE", f"/v1/leases/{lease}")
        if status != 204:
            raise RuntimeError(f"the release of lease {lease} was answered with {status} {answer}")


class Asker(threading.Thread):
    """Asks for one session all the time, on kept connections."""

    def __init__(self, session, address, path, headers):
        super().__init__(daemon=True)
        self.session, self.address, self.path, self.headers = session, address, path, headers
        self.faults = []
        self.asked = 0
        self.is_over = False

    def run(self):
        connection = None
        while not self.is_over:
            before = self.session.turns
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(*self.address, timeout=30)
                connection.request("GET", self.path, headers=self.headers)
                response = connection.getresponse()
                status, text = response.status, response.read().decode()
            except (OSError, http.client.HTTPException):
                # Cut, as it should be when its lease ends.
                if connection:
                    connection.close()
                connection = None
                continue
            self.asked += 1
            if response.will_close:
                connection.close()
                connection = None
            self.check(before, status, text)

    def check(self, before, status, text):
        if status == 200 and text == self.session.name:
            self.session.answers += 1
            if before % 2 == 0 and before == self.session.turns:
                self.faults.append(f"{self.session.name} was answered after its lease was released")
        elif status == 200:
            self.faults.append(f"a request to {self.session.name} was answered by {text}")
        elif status not in (404, 502):
            self.faults.append(f"a request to {self.session.name} got {status} {text[:200]}")


def run(binary, turns, seed, is_routed=True):
    """So many releases in the midst of requests. Without the router the same must find faults, or it would find none."""
    ranges = free_ranges(1, PAIRS)
    options = ["--router", "127.0.0.1:0"]
    for number, (port, _) in enumerate(ranges):
        options += ["--pool", f"p{number}={port}-{port}"]
    sides = {side: Agents(side) for side in ("a", "b")}
    try:
        with Daemon(binary, pool_size=1, options=options) as daemon:
            return race(daemon, [port for port, _ in ranges], sides, turns, seed, is_routed)
    finally:
        for agents in sides.values():
            agents.end()


def race(daemon, ports, sides, turns, seed, is_routed):
    router = daemon.router_port()
    headers = {"Authorization": "Bearer " + daemon.token()}
    pairs = [Pair(number, port, daemon.socket, sides, turns // len(ports), seed + number)
             for number, port in enumerate(ports)]
    askers = []
    for pair in pairs:
        for session in pair.sessions.values():
            address = ("127.0.0.1", router if is_routed else pair.port)
            askers += [Asker(session, address, f"/s/{session.name}/x/", headers) for _ in range(ASKERS)]
    for thread in askers + pairs:
        thread.start()
    for pair in pairs:
        pair.join()
    for asker in askers:
        asker.is_over = True
    for asker in askers:
        asker.join()
    faults = [f"pair {pair.number}: {pair.error}" for pair in pairs if pair.error]
    for asker in askers:
        faults += asker.faults
    answers = sum(session.answers for pair in pairs for session in pair.sessions.values())
    if is_routed:
        print(f"seed {seed}: {sum(pair.done for pair in pairs)} releases, {sum(a.asked for a in askers)} requests,"
              f" {answers} answered by an agent")
    return faults
