"""The line under SIGKILL: who waits is served in turn and nobody is lost, whatever becomes of the daemon meanwhile.

Clients wait for blocks of a pool that is far too small for them: they keep a connection open or ask again, they lose
patience, leave, or hang up, while the daemon is killed and started again. In the end what each of them heard is
compared with the audit, and the audit with the rule that whoever is granted something has waited longest.
"""

import http.client
import json
import random
import signal
import subprocess
import time

from berth_host import Daemon, UnixConnection
from clients import overlaps
from line_record import NOBODY, History, differences, order
from waiters import PATIENCE, Waiter

CLIENTS = 96
# A pool of 10 blocks of 6 ports.
PORTS = 60


def run(binary, tickets, kills, seed):
    """Returns the faults found while that many tickets waited and the daemon was killed so many times."""
    with Daemon(binary, pool_size=PORTS, options=["--quarantine", "0.2"]) as daemon:
        waiters = [Waiter(number, daemon.socket, seed + number) for number in range(CLIENTS)]
        faults = wait_in_line(daemon, waiters, tickets, kills, random.Random(seed))
        faults += [f"client {waiter.number}: {waiter.error!r}" for waiter in waiters if waiter.error]
        if faults:
            return [f"seed {seed}: {fault}" for fault in faults]
        nobodys = left_over(daemon)
        daemon.stop(signal.SIGKILL)
        daemon.start()
        wishes = [wish for waiter in waiters for wish in waiter.wishes]
        events = list(audit(daemon))
        history = History(events)
        faults = [fault for waiter in waiters for fault in waiter.faults]
        faults += [f"port {port} was in leases {one} and {other} at once" for port, one, other in overlaps(waiters)]
        faults += history.faults + differences(wishes, history)
        faults += [*order(wishes), *rows(daemon, history)]
        whole = subprocess.run([binary, "audit", "verify", "--socket", daemon.socket], capture_output=True, text=True,
                               check=False)
        if whole.returncode != 0:
            faults.append(f"audit verify ended with {whole.returncode}: {whole.stdout}{whole.stderr}")
        faults += unnoticed(waiters, wishes, events)
        print(f"seed {seed}: {told(wishes, history)}, {nobodys} left over, {kills} kills")
        return [f"seed {seed}: {fault}" for fault in faults]


def wait_in_line(daemon, waiters, tickets, kills, chance):
    """Lets the clients wait until so many tickets have gone through the line. Returns what kept it from going on."""
    for waiter in waiters:
        waiter.start()
    try:
        for kill in range(kills):
            # Progress decides when to kill, so that every kill falls into the load.
            reach(daemon, waiters, tickets * (kill + chance.random()) / (kills + 1))
            time.sleep(chance.uniform(0, 0.05))
            daemon.stop(signal.SIGKILL)
            daemon.start()
        reach(daemon, waiters, tickets)
    except (RuntimeError, OSError, http.client.HTTPException) as error:
        return [f"the daemon does not go on: {error!r}; {last_words(daemon)}"]
    finally:
        for waiter in waiters:
            waiter.is_stopped = True
        deadline = time.monotonic() + 2 * PATIENCE
        for waiter in waiters:
            waiter.join(max(0, deadline - time.monotonic()))
    return [f"client {waiter.number} does not come to an end" for waiter in waiters if waiter.is_alive()]


def last_words(daemon):
    with open(daemon.log, encoding="utf-8", errors="replace") as log:
        words = [line.strip() for line in log if "atal error" in line or " critical " in line or " error " in line]
    return f"its exit status: {daemon.process.poll()}, its last words: {words[-3:]}"


def reach(daemon, waiters, goal):
    """Returns when the line has come to the ticket of that number."""
    connection, first, moved_at = UnixConnection(daemon.socket), 0, time.monotonic()
    while first < goal and not any(waiter.error for waiter in waiters):
        _, page = connection.call("GET", "/v1/tickets?limit=1")
        now = time.monotonic()
        if page["tickets"] and page["tickets"][0]["id"] != first:
            first, moved_at = page["tickets"][0]["id"], now
        if now > moved_at + 60:
            raise RuntimeError(f"the line has not moved for a minute: {page}")
        time.sleep(0.02)
    connection.close()


def left_over(daemon):
    """Waits until leases of which nobody heard are taken back, then releases those of which their clients might have
    heard. Returns how many there were."""
    deadline = time.monotonic() + 13
    while (leases := daemon.leases("active")) and time.monotonic() < deadline:
        time.sleep(0.1)
    connection = UnixConnection(daemon.socket)
    for lease in leases:
        connection.call("DELETE", f"/v1/leases/{lease['id']}")
    connection.close()
    return len(leases)


def audit(daemon):
    """Every record, in order."""
    connection = UnixConnection(daemon.socket, timeout=120)
    connection.request("GET", "/v1/audit", headers={"Accept": "application/x-ndjson"})
    with connection.getresponse() as response:
        for line in response:
            yield json.loads(line)
    connection.close()


def rows(daemon, history):
    """What the API says otherwise than the audit."""
    connection = UnixConnection(daemon.socket)
    waiting = [ticket["id"] for ticket in connection.call("GET", "/v1/tickets?limit=1000")[1]["tickets"]]
    pool = connection.call("GET", "/v1/pools/default")[1]
    connection.close()
    active = {lease["id"] for lease in daemon.leases("active")}
    if waiting != list(history.waiting) or pool["waiting"] != len(waiting):
        yield f"tickets {waiting} wait, the pool tells of {pool['waiting']}, and the audit has {list(history.waiting)}"
    if active != set(history.active):
        yield f"leases {active} are active, and the audit has {set(history.active)}"


def unnoticed(waiters, wishes, events):
    """The checks themselves must fail on a record that was falsified, each in one place."""
    held = min((wish for wish in wishes if wish.outcome == "leased" and wish.told_at), key=lambda wish: wish.told_at)
    later = max((wish for wish in wishes if wish.lease), key=lambda wish: wish.asked_at)
    older, newer = held.lease, later.lease
    grants = [index for index, event in enumerate(events) if event["event"] == "ticket.granted"]
    ends = [index for index, event in enumerate(events) if event["event"] in ("ticket.granted", "ticket.cancelled")]
    history = History(events)

    def swapped():
        """The first two grants that were made while both waited, the other way round."""
        for one, other in list(zip(grants, grants[1:]))[:50]:
            both = [events[index]["details"]["ticket"]["id"] for index in (one, other)]
            false = list(events)
            for index, number in ((one, both[1]), (other, both[0])):
                details = {"ticket": events[index]["details"]["ticket"] | {"id": number}}
                false[index] = events[index] | {"details": details}
            found = History(false).faults
            if not any("did not wait" in fault for fault in found):
                return [fault for fault in found if "was granted while" in fault]
        return []

    def altered(wish, check, **members):
        kept = dict(vars(wish))
        vars(wish).update(members)
        found = list(check())
        vars(wish).update(kept)
        return found

    def stretched():
        """A client that says it held each of its ports to the end."""
        false = type("Record", (), {"held": [], "record": [
            (lease, ports, since, time.monotonic()) for lease, ports, since, _ in waiters[0].record]})
        return overlaps([false] + waiters)

    def missing(index):
        return differences(wishes, History(events[:index] + events[index + 1:]))

    checks = {
        "a grant out of turn": swapped(),
        "a ticket that is lost": missing(ends[len(ends) // 2]),
        "a lease without a client": altered(
            held, lambda: differences(wishes, history), outcome="cancelled", lease=None, ports=None),
        "a client without its lease": altered(
            held, lambda: differences(wishes, history), ports=[port + 1 for port in held.ports]),
        "a newcomer that went before": altered(
            later, lambda: altered(held, lambda: order(wishes), lease=newer), lease=older),
        "a port in two leases": stretched(),
    }
    return [f"the check does not notice {what}" for what, found in checks.items() if not found]


def told(wishes, history):
    """How much there was to see."""
    tickets = [ticket for request in history.tickets.values() for ticket in request]
    states = {state: sum(ticket["state"] == state for ticket in tickets)
              for state in ("granted", "cancelled", "lapsed")}
    back = sum((lease["reason"] or "").startswith(NOBODY) for leases in history.leases.values() for lease in leases)
    return (f"{len(wishes)} requests, {len(tickets)} tickets ({states['granted']} granted, {states['cancelled']} "
            f"cancelled, {states['lapsed']} lapsed), {back} leases taken back")
