"""Clients whose leases are held by real processes, which die at random, and the record they keep of it."""

import os
import signal
import threading
import time
import uuid

from clients import Client


class Process:
    """A `sleep` of the test's own. It is waited for where it is killed, so its PID is its own until then."""

    def __init__(self):
        self.pid = os.posix_spawn("/bin/sleep", ["sleep", "3600"], {})
        self.killed_at = None
        self.lock = threading.Lock()

    def kill(self):
        with self.lock:
            if self.killed_at is None:
                self.killed_at = time.monotonic()
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)


class Held:
    """A lease that was acknowledged, as its client knows it."""

    def __init__(self, lease, owner):
        self.id, self.ports, self.owner = lease["id"], lease["ports"], owner
        self.agents = {}
        # Every process that ever held it, replaced ones too.
        self.since = time.monotonic()
        self.release_sent_at = None
        self.is_released = False

    def processes(self):
        return ([self.owner] if self.owner else []) + list(self.agents.values())

    def certainly_until(self):
        """Until when it was certainly held: the release, or the death of its last process; None while it is held."""
        if self.release_sent_at is not None or not self.owner:
            return self.release_sent_at
        deaths = [process.killed_at for process in self.processes()]
        return None if None in deaths else max(deaths)


class Holder(Client):
    """Leases with and without an owner, attaches, renews, releases, and kills its own processes."""

    SIZES = (1, 2, 6)

    def __init__(self, number, socket, seed):
        super().__init__(number, socket, 0, seed)
        self.leases, self.operations, self.stop = [], 0, None

    def load(self, stop):
        """A thread that makes changes until `stop` is set."""
        self.stop = stop
        thread = threading.Thread(target=self.change_on)
        thread.start()
        return thread

    def change_on(self):
        try:
            while not self.stop.is_set():
                self.change()
                self.operations += 1
        except Exception as error:  # told by the one who joins
            self.error = error

    def change(self):
        live = [held for held in self.leases if held.certainly_until() is None]
        if len(live) < 2 or (len(live) < 5 and self.random.random() < 0.4):
            return self.grant()
        held = self.random.choice(live)
        return self.random.choice([self.attach, self.attach, self.renew, self.give_back, self.kill_one])(held)

    def grant(self):
        owner = Process() if self.random.random() < 0.7 else None
        body = {"session": f"s{self.number}", "count": self.random.choice(self.SIZES)}
        body.update({"owner_pid": owner.pid} if owner else {"ttl_seconds": 3600})
        asked_at = time.monotonic()
        status, lease = self.insist("POST", "/v1/leases", body, {"Idempotency-Key": str(uuid.uuid4())})
        if status in (200, 201):
            self.keep(Held(lease, owner), asked_at)
            return
        is_dead = owner is not None and owner.killed_at is not None
        if owner:
            owner.kill()
        if status == 503:
            self.refusals += 1
        elif not (status == 422 and is_dead):
            raise AssertionError(f"a lease was answered with {status} {lease}")

    def keep(self, held, asked_at):
        """A lease was granted that was asked for then."""
        self.leases.append(held)

    def attach(self, held):
        if len(held.agents) == len(held.ports):
            return
        agent, name = Process(), f"agent-{len(held.agents) + 1}"
        status, answer = self.insist("PUT", f"/v1/leases/{held.id}/agents/{name}", {"pid": agent.pid})
        if status == 200:
            held.agents[name] = agent
            return
        agent.kill()
        self.refused(held, status, answer)

    def renew(self, held):
        status, answer = self.insist("POST", f"/v1/leases/{held.id}/renew", {})
        if status != 200:
            self.refused(held, status, answer)

    @staticmethod
    def refused(held, status, answer):
        """Only the death of all that held it may end a lease that its client has not released."""
        if status != 409 or held.certainly_until() is None:
            raise AssertionError(f"lease {held.id} is held and was answered with {status} {answer}")

    def give_back(self, held):
        held.release_sent_at = held.certainly_until() or time.monotonic()
        status, answer = self.insist("DELETE", f"/v1/leases/{held.id}")
        if status != 204:
            raise AssertionError(f"a release was answered with {status} {answer}")
        held.is_released = True
        for process in held.processes():
            process.kill()

    def kill_one(self, held):
        if held.processes():
            self.random.choice(held.processes()).kill()


def kill_some(holders, chance):
    """Kills processes of any client, as it happens to them while no daemon looks."""
    processes = [process for holder in holders for held in holder.leases[-10:] for process in held.processes()]
    for process in chance.sample(processes, min(len(processes), chance.randint(0, 6))):
        process.kill()
