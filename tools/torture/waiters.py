"""Clients that wait in line in many ways, and what each of them heard."""

import http.client
import select
import time
import uuid

from berth_host import UnixConnection
from clients import Client

# How often a client is of each kind; the method of that name is what it does.
KINDS = {"waits": 34, "waits_a_second": 16, "asks": 22, "leaves": 10, "hangs_up": 10, "has_no_key": 8}
# Until when a client that waits longer than anybody should gives up.
PATIENCE = 120
# The leases of those who may never hear of them end by themselves.
CARELESS_TTL = 20


class Wish:
    """What a client asked for, and what it heard."""

    def __init__(self, kind, count, session):
        # Its Idempotency-Key, and the request's id: by that the audit's tickets and leases are known for its own.
        self.id = str(uuid.uuid4())
        self.kind = kind
        self.body = {"session": session, "count": count, "ttl_seconds": 3600}
        if kind in ("hangs_up", "has_no_key"):
            self.body["ttl_seconds"] = CARELESS_TTL
        # When it was sent first, when the client heard that it waits, and when it heard how that ended.
        self.asked_at = self.told_at = self.answered_at = None
        self.wait = 0
        self.ticket = self.lease = self.ports = None
        # One of `leased`, `taken back`, `lapsed`, `cancelled`, or `gone` when its client does not know.
        self.outcome = None

    def headers(self, prefer, has_key=True):
        return {"Prefer": prefer, "X-Request-Id": self.id} | ({"Idempotency-Key": self.id} if has_key else {})


class Waiter(Client):
    """Wishes for a block, waits, holds it for a moment, and wishes again."""

    def __init__(self, number, socket, seed):
        super().__init__(number, socket, 0, seed)
        self.wishes, self.faults = [], []

    def run(self):
        try:
            while not self.is_stopped:
                wish = Wish(self.random.choices(list(KINDS), KINDS.values())[0], self.random.randint(1, 6),
                            f"s{self.number}")
                wish.asked_at = time.monotonic()
                self.wishes.append(wish)
                getattr(self, wish.kind)(wish)
                time.sleep(self.random.uniform(0, 0.02))
        except Exception as error:  # told by the one who joins
            self.error = error

    def waits(self, wish, seconds=25):
        wish.wait = seconds
        self.heard(wish, *self.insist("POST", "/v1/leases", wish.body, wish.headers(f"wait={seconds}")))

    def waits_a_second(self, wish):
        self.waits(wish, seconds=1)

    def asks(self, wish):
        self.follow(wish, self.ticket(wish))

    def leaves(self, wish):
        ticket = self.ticket(wish)
        if ticket is None:
            return
        time.sleep(self.random.uniform(0, 1))
        status, answer = self.insist("DELETE", f"/v1/tickets/{wish.ticket}")
        if status != 204:
            raise AssertionError(f"leaving the line was answered with {status} {answer}")
        status, ticket = self.insist("GET", f"/v1/tickets/{wish.ticket}")
        if status != 200 or ticket["state"] == "waiting":
            raise AssertionError(f"ticket {wish.ticket} left the line and is answered with {status} {ticket}")
        # It may have been granted just before.
        self.follow(wish, ticket)

    def hangs_up(self, wish):
        """Goes away soon. Half of them come back, and say that they do with their key."""
        wish.wait = 25
        if self.ask_once(wish, wish.headers("wait=25"), self.random.uniform(0, 0.3)):
            return
        if self.random.random() < 0.5:
            time.sleep(self.random.uniform(0, 0.1))
            self.waits(wish)

    def has_no_key(self, wish):
        """Can't come back when its connection breaks."""
        wish.wait = 25
        self.ask_once(wish, wish.headers("wait=25", has_key=False), PATIENCE)

    def heard(self, wish, status, answer):
        wish.answered_at = time.monotonic()
        if status == 503 and answer["code"] == "pool-exhausted":
            wish.outcome = "lapsed"
        elif status == 201:
            self.hold(wish, answer)
        else:
            raise AssertionError(f"a {wish.kind} was answered with {status} {answer}")

    def hold(self, wish, lease):
        wish.lease, wish.ports = lease["id"], lease["ports"]
        # Who came back too late hears of a lease that was taken back.
        wish.outcome = "leased" if lease["state"] == "active" else "taken back"
        if wish.outcome == "taken back":
            return
        self.held.append((wish.lease, wish.ports, time.monotonic()))
        time.sleep(self.random.uniform(0.01, 0.25))
        self.release()

    def ticket(self, wish):
        """The ticket of a client that asks again; None when it got its lease at once."""
        prefer = self.random.choice(["respond-async", "respond-async, wait=1"])
        status, answer = self.insist("POST", "/v1/leases", wish.body, wish.headers(prefer))
        if status != 202:
            self.heard(wish, status, answer)
            return None
        wish.told_at, wish.ticket = time.monotonic(), answer["id"]
        return answer

    def follow(self, wish, ticket):
        """Asks again until the ticket waits no more."""
        if ticket is None:
            return
        place = None
        while ticket["state"] == "waiting":
            if place is not None and (ticket["position"] or 0) > place:
                self.faults.append(f"ticket {wish.ticket} went back from place {place} to {ticket['position']}")
            place = ticket["position"] or place
            if time.monotonic() > wish.told_at + PATIENCE:
                raise AssertionError(f"after {PATIENCE} s still {ticket}")
            status, ticket = self.insist("GET", f"/v1/tickets/{wish.ticket}?wait=1")
            if status != 200:
                raise AssertionError(f"ticket {wish.ticket} is answered with {status} {ticket}")
        wish.answered_at = time.monotonic()
        if ticket["state"] != "granted":
            wish.outcome = ticket["state"]
            return
        status, lease = self.insist("GET", f"/v1/leases/{ticket['lease_id']}")
        if status != 200:
            raise AssertionError(f"the lease of {ticket} is answered with {status} {lease}")
        self.hold(wish, lease)

    def ask_once(self, wish, headers, seconds):
        """Asks over a connection of its own, and hangs up when nothing is heard for so long. Returns whether it was."""
        connection = self.connected()
        try:
            connection.ask("POST", "/v1/leases", wish.body, headers)
            if not select.select([connection.sock], [], [], seconds)[0]:
                wish.outcome = "gone"
                return False
            status, answer = connection.answer()
            if status == 503 and answer["code"] == "storage-unavailable":
                raise ConnectionError(answer["detail"])
        except (OSError, http.client.HTTPException):
            wish.outcome = "gone"
            return False
        finally:
            connection.close()
        self.heard(wish, status, answer)
        return True

    def connected(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            connection = UnixConnection(self.socket)
            try:
                connection.connect()
                return connection
            except OSError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
