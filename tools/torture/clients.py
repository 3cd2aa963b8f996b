"""Concurrent clients that keep a record of their own, and what that record must show."""

import http.client
import random
import threading
import time
import uuid

from berth_host import UnixConnection


class Client(threading.Thread):
    """Leases and releases blocks, and repeats what got no answer under the same Idempotency-Key."""

    def __init__(self, number, socket, changes, seed):
        super().__init__()
        self.number, self.socket, self.changes = number, socket, changes
        self.random = random.Random(seed)
        self.connection = None
        self.held = []
        # (lease, ports, granted_at, release_sent_at): certainly held from the reply to the request that gives it back.
        self.record = []
        self.released = set()
        self.granted = {}
        self.refusals = 0
        self.error = None
        self.is_stopped = False
        # Set as long as the client is to go on.
        self.goes_on = threading.Event()
        self.goes_on.set()

    def run(self):
        try:
            for _ in range(self.changes):
                self.goes_on.wait()
                if self.is_stopped:
                    break
                if self.held and (len(self.held) >= 3 or self.random.random() < 0.5):
                    self.release()
                else:
                    self.lease()
        except Exception as error:  # told by the one who joins
            self.error = error

    def lease(self):
        body = {"session": f"s{self.number}", "count": self.random.choice([1, 2, 6, 6, 6]), "ttl_seconds": 3600}
        status, lease = self.insist("POST", "/v1/leases", body, {"Idempotency-Key": str(uuid.uuid4())})
        if status == 503:
            self.refusals += 1
            return
        if status != 201:
            raise AssertionError(f"a lease was answered with {status} {lease}")
        self.granted[lease["id"]] = lease["ports"]
        self.held.append((lease["id"], lease["ports"], time.monotonic()))

    def release(self):
        lease, ports, since = self.held.pop(self.random.randrange(len(self.held)))
        self.record.append((lease, ports, since, time.monotonic()))
        status, answer = self.insist("DELETE", f"/v1/leases/{lease}")
        if status != 204:
            raise AssertionError(f"a release was answered with {status} {answer}")
        self.released.add(lease)

    def insist(self, method, path, body=None, headers=None):
        """Asks until somebody answers: a daemon that was killed, or says that it stops, comes back."""
        deadline = time.monotonic() + 120
        while True:
            try:
                if self.connection is None:
                    self.connection = UnixConnection(self.socket)
                status, answer = self.connection.call(method, path, body, headers)
                if status == 503 and answer["code"] == "storage-unavailable":
                    raise ConnectionError(answer["detail"])
                return status, answer
            except (OSError, http.client.HTTPException) as error:
                if self.connection is not None:
                    self.connection.close()
                self.connection = None
                if time.monotonic() > deadline:
                    raise RuntimeError(f"nobody answered {method} {path}: {error}") from error
                time.sleep(0.01)


def overlaps(clients):
    """Pairs of leases that certainly held one port at the same time; there must be none."""
    now = time.monotonic()
    spans = {}
    for client in clients:
        held = [(lease, ports, since, now) for lease, ports, since in client.held]
        for lease, ports, since, until in client.record + held:
            for port in ports:
                spans.setdefault(port, []).append((since, until, lease))
    found = []
    for port, uses in spans.items():
        uses.sort()
        for (_, until, one), (since, _, other) in zip(uses, uses[1:]):
            if since < until:
                found.append((port, one, other))
    return found


def differences(clients, active, ended):
    """What the database says otherwise than the clients' record; there must be nothing."""
    active_ids, ended_ids = {lease["id"] for lease in active}, {lease["id"] for lease in ended}
    held = {lease for client in clients for lease, _, _ in client.held}
    released = {lease for client in clients for lease in client.released}
    wrong = [f"lease {lease} was acknowledged and is not active" for lease in held - active_ids]
    wrong += [f"lease {lease} was released and is not ended" for lease in released - ended_ids]
    wrong += [f"lease {lease} is active and nobody holds it" for lease in active_ids - held]
    return wrong
