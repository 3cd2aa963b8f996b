"""Releases race with routed requests: pairs of sessions trade a port each, and nobody is answered by the other one."""

import os
import random
import socket
import subprocess
import sys
import threading
import time

from berth_host import Daemon, UnixConnection, free_ranges

PAIRS = 8
# Connections that ask for one session at once.
ASKERS = 1


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

    def __init__(self, number, port, path, sides, goal, seed, patience):
        super().__init__(daemon=True)
        self.number, self.port, self.path, self.goal = number, port, path, goal
        self.sides, self.patience = sides, patience
        self.sessions = {side: Session(f"{side}{number}") for side in sides}
        self.random = random.Random(seed)
        self.done = 0
        self.error = None

    def run(self):
        try:
            connection = UnixConnection(self.path)
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
        deadline = time.monotonic() + self.patience
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
        deadline = time.monotonic() + self.patience
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
    """Asks for one session all the time."""

    def __init__(self, session, address, keeps):
        super().__init__(daemon=True)
        self.session, self.address, self.keeps = session, address, keeps
        self.request = b""
        self.socket = None
        self.faults = []
        self.asked = 0
        self.is_over = False

    def run(self):
        while not self.is_over:
            before = self.session.turns
            try:
                status, text = self.ask()
            except OSError:
                # Cut, as it should be when its lease ends.
                self.close()
                continue
            self.asked += 1
            self.check(before, status, text)
            if status != 200:
                # Most of the time belongs to the session that has the port.
                time.sleep(0.002)

    def ask(self):
        """The status and the body of an answer. Nothing but the standard library's sockets: its HTTP takes longer."""
        if self.socket is None:
            self.socket = socket.create_connection(self.address, 30 if self.keeps else 3)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(self.request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.more()
        head, _, body = data.partition(b"\r\n\r\n")
        fields = head.decode().lower()
        length = int(fields.split("content-length: ")[1].split("\r\n")[0])
        while len(body) < length:
            body += self.more()
        if not self.keeps or "connection: close" in fields:
            self.close()
        return int(head.split(b" ", 2)[1]), body.decode()

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError("cut")
        return data

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

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
    # Far from the pool that every daemon of the tests has.
    ranges = free_ranges(1, PAIRS, start=26000)
    options = ["--router", "127.0.0.1:0", "--quarantine", "0.05"]
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
    token = daemon.token()
    pairs = [Pair(number, port, daemon.socket, sides, turns // len(ports), seed + number,
                  30 if is_routed else 3) for number, port in enumerate(ports)]
    askers = []
    for pair in pairs:
        for session in pair.sessions.values():
            address = ("127.0.0.1", router if is_routed else pair.port)
            for _ in range(ASKERS):
                # Without the router a kept connection would keep the port from being granted again.
                asker = Asker(session, address, keeps=is_routed)
                asker.request = (f"GET /s/{session.name}/x/ HTTP/1.1\r\nHost: localhost\r\n"
                                 f"Authorization: Bearer {token}\r\n\r\n").encode()
                askers.append(asker)
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
