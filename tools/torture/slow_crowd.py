"""The crowd of slow_clients.py, in a process of its own: slow connections, kept up until standard input ends."""

import collections
import heapq
import json
import random
import select
import socket
import sys
import time

# Connections that are opened in a second. A crowd that comes, or is closed, all at once is another test.
PACE = 500
# A dribble's pause.
PAUSE = 3

HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
KINDS = {
    "silent": b"",
    "header": HEAD + b"X-Slow: ",
    "body": b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 60000\r\n\r\n",
    "idle": HEAD + b"\r\n",
    # More than the kernel keeps for a connection, so that the daemon is left with the rest of it.
    "deaf": 16 * b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
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


if __name__ == "__main__":
    path, port, size, seed = sys.argv[1:]
    Crowd(path, int(port), int(size), int(seed)).run()
