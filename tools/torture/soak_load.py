"""Who makes the soak's load, and the one record in which they all say what they hold."""

import random
import threading
import time
import uuid
from collections import deque

from clients import Client
from holders import Holder
from waiters import KINDS, Waiter, Wish

LINE = "line"


class Claim:
    """A lease without an owner, as its client knows it."""

    def __init__(self, lease, until=None):
        self.id, self.ports = lease["id"], lease["ports"]
        # Of a lease that nobody releases: until when its TTL keeps it at the least.
        self.until = until
        self.release_sent_at = None

    def certainly_until(self):
        """Until when it was certainly held; None while it is."""
        if self.release_sent_at is not None:
            return self.release_sent_at
        return self.until if self.until is not None and time.monotonic() >= self.until else None


class Claims:
    """Who has each port, by the clients' own word alone: leases, and programs that never ask.

    It is asked at each grant, so that it needs no more room than the pool has ports, however long the soak runs.
    """

    def __init__(self):
        self.lock = threading.Lock()
        # Of each port its last lease, since when a stranger has it, and when one bound it last.
        self.leases, self.strangers, self.bound_at = {}, {}, {}
        self.grants, self.faults = 0, []

    def grant(self, held, asked_at):
        """A lease was answered: until then each of its ports was given up, and no stranger had it all the while."""
        with self.lock:
            self.grants += 1
            for port in held.ports:
                other = self.leases.get(port)
                if other is not None and other.id != held.id and other.certainly_until() is None:
                    self.faults.append(f"port {port} was in leases {other.id} and {held.id} at once")
                if self.strangers.get(port, asked_at) < asked_at:
                    self.faults.append(f"port {port} was granted in lease {held.id} while a stranger had it")
                self.leases[port] = held

    def unnoticed(self):
        """The checks must fail on a port that is granted twice, and on one that a stranger has."""
        claims, now = Claims(), time.monotonic()
        claims.strangers[4] = now
        claims.grant(Claim({"id": 1, "ports": [2, 3]}), now)
        claims.grant(Claim({"id": 2, "ports": [3]}), now)
        claims.grant(Claim({"id": 3, "ports": [4]}), now + 1)
        return [] if len(claims.faults) == 2 else [f"the claims' check notices {claims.faults} alone"]


class Holding(Holder):
    """Leases that processes hold, which die at random; of several sizes, and now and then a session's end."""

    SIZES = (1, 1, 2, 3, 6, 6, 16)

    def __init__(self, number, daemon, claims, seed):
        super().__init__(number, daemon.socket, seed)
        self.claims = claims

    def keep(self, held, asked_at):
        self.claims.grant(held, asked_at)
        super().keep(held, asked_at)

    def change(self):
        if self.random.random() < 0.02:
            self.end_session()
        else:
            super().change()
        time.sleep(self.random.uniform(0, 0.02))

    def end_session(self):
        for held in self.leases:
            held.release_sent_at = held.certainly_until() or time.monotonic()
        status, answer = self.insist("DELETE", f"/v1/sessions/s{self.number}")
        if status not in (204, 404):
            raise AssertionError(f"a session's end was answered with {status} {answer}")
        for held in self.leases:
            held.is_released = True
            for process in held.processes():
                process.kill()


class Actor(Client):
    """Does one thing after another until it is stopped, with a rest of up to `REST` seconds in between."""

    REST = 0.05

    def __init__(self, number, daemon, claims, seed):
        super().__init__(number, daemon.socket, 0, seed)
        self.daemon_process, self.claims = daemon, claims
        self.operations = 0

    def run(self):
        try:
            while not self.is_stopped:
                self.act()
                self.operations += 1
                time.sleep(self.random.uniform(0, self.REST))
        except Exception as error:  # told by the one who joins
            self.error = error

    def act(self):
        raise NotImplementedError

    def expect(self, statuses, method, path, body=None, headers=None):
        status, answer = self.insist(method, path, body, headers)
        if status not in statuses:
            raise AssertionError(f"{method} {path} {body or ''} was answered with {status} {answer}")
        return status, answer

    def claim(self, body, ttl=None):
        """A lease, or None where there is no room."""
        asked_at = time.monotonic()
        status, lease = self.expect((201, 503), "POST", "/v1/leases", body, {"Idempotency-Key": str(uuid.uuid4())})
        if status == 503:
            self.refusals += 1
            return None
        # Its TTL runs from the grant on, which came after the question.
        claim = Claim(lease, asked_at + ttl if ttl else None)
        self.claims.grant(claim, asked_at)
        return claim


class Newcomer(Actor):
    """A session of a name that nobody had before, as a CI job makes it: some leases, renewed, and ended together."""

    REST = 0.1

    def act(self):
        session = f"job-{uuid.uuid4()}"
        body = {"session": session, "ttl_seconds": 3600, "labels": {"job": session}, "agents": ["web"]}
        made = [self.claim(body | {"count": self.random.choice([1, 2, 4, 8])})
                for _ in range(self.random.randint(1, 3))]
        claims = [claim for claim in made if claim]
        for claim in claims:
            self.expect((200,), "POST", f"/v1/leases/{claim.id}/renew", {"ttl_seconds": 1800})
        for claim in claims:
            claim.release_sent_at = time.monotonic()
        if claims:
            self.expect((204,), "DELETE", f"/v1/sessions/{session}")
        for claim in claims:
            _, lease = self.expect((200,), "GET", f"/v1/leases/{claim.id}")
            if lease["state"] != "released" or lease["ports"] != claim.ports:
                raise AssertionError(f"lease {claim.id} went with its session and is {lease}")


class Forgetful(Actor):
    """Leases that are never released: their TTL ends them, and not too early."""

    TTL = 2
    # Downtime moves a deadline that passed in it by another TTL.
    PATIENCE = 30
    REST = 0.3

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.left = deque()

    def act(self):
        claim = self.claim({"session": f"forgetful-{self.number}", "count": self.random.choice([1, 3]),
                            "ttl_seconds": self.TTL}, self.TTL)
        if claim:
            self.left.append(claim)
        while self.left and time.monotonic() > self.left[0].until + self.PATIENCE:
            claim = self.left.popleft()
            _, lease = self.expect((200,), "GET", f"/v1/leases/{claim.id}")
            if lease["state"] != "expired":
                raise AssertionError(
                    f"lease {claim.id} had a TTL of {self.TTL} s, and after {self.PATIENCE} s is {lease}")


class Queuer(Waiter):
    """Waits in the line of a small pool, in all the ways of `waiters`; of what is over it keeps nothing."""

    def __init__(self, number, daemon, claims, seed):
        super().__init__(number, daemon.socket, seed)
        self.claims, self.operations, self.outcomes = claims, 0, {}

    def run(self):
        try:
            while not self.is_stopped:
                kind = self.random.choices(list(KINDS), KINDS.values())[0]
                wish = Wish(kind, self.random.randint(1, 6), f"waiter-{self.number}")
                wish.body["pool"] = LINE
                wish.asked_at = time.monotonic()
                getattr(self, kind)(wish)
                self.outcomes[wish.outcome] = self.outcomes.get(wish.outcome, 0) + 1
                self.operations += 1
                time.sleep(self.random.uniform(0, 0.05))
        except Exception as error:  # told by the one who joins
            self.error = error

    def hold(self, wish, lease):
        wish.lease, wish.ports = lease["id"], lease["ports"]
        # Who came back too late hears of a lease that was taken back.
        wish.outcome = "leased" if lease["state"] == "active" else "taken back"
        if wish.outcome == "taken back":
            return
        claim = Claim(lease)
        self.claims.grant(claim, wish.asked_at)
        time.sleep(self.random.uniform(0.01, 0.25))
        claim.release_sent_at = time.monotonic()
        status, answer = self.insist("DELETE", f"/v1/leases/{claim.id}")
        if status != 204:
            raise AssertionError(f"a release was answered with {status} {answer}")


def crowd(kinds, daemon, claims, seed):
    """So many actors of each kind, each with a seed of its own."""
    chance = random.Random(seed)
    return [kind(number, daemon, claims, chance.randrange(1 << 30))
            for kind, count in kinds.items() for number in range(count)]
