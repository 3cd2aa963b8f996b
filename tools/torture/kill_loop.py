"""Rounds of SIGKILL: of the daemon at random moments under load, and of the processes that hold its leases.

After each start the clients' record is compared with the API and with the database. In the end nothing holds a lease
any more, and every port must be free.
"""

import os
import random
import shutil
import signal
import sqlite3
import threading
import time

from berth_host import Daemon, UnixConnection
from holders import Holder, kill_some


def run(binary, rounds, seed, is_database_put_back=False):
    """Returns the faults found. A database that is put back to an older copy half-way must show as a fault."""
    with Daemon(binary, options=["--quarantine", "0.2"]) as daemon:
        holders = [Holder(number, daemon.socket, seed + number) for number in range(8)]
        chance, faults, operations = random.Random(seed), [], 0
        try:
            for number in range(rounds):
                one_round(daemon, holders, chance)
                if is_database_put_back and number == rounds // 2:
                    put_back(daemon, holders, chance)
                faults = [f"client {holder.number}: {holder.error}" for holder in holders if holder.error]
                faults += settled(lambda: differences(daemon, holders))
                faults += overlaps(holders)
                if faults:
                    return [f"seed {seed}, round {number + 1}: {fault}" for fault in faults]
                for holder in holders:
                    forget_ended(holder)
            operations = sum(holder.operations for holder in holders)
            faults = end(daemon, holders)
        finally:
            for holder in holders:
                for held in holder.leases:
                    for process in held.processes():
                        process.kill()
        print(f"seed {seed}: {rounds} rounds, {operations} changes and deaths")
        return faults


def one_round(daemon, holders, chance):
    """Load, in which the daemon is killed and started again. Nothing is under way when it is over."""
    stop = threading.Event()
    threads = [holder.load(stop) for holder in holders]
    time.sleep(chance.uniform(0.02, 0.3))
    daemon.stop(signal.SIGKILL)
    kill_some(holders, chance)
    daemon.start()
    stop.set()
    for thread in threads:
        thread.join()


def put_back(daemon, holders, chance):
    """Replaces the database by a copy that lacks a round."""
    daemon.stop(signal.SIGKILL)
    copy = daemon.database + ".copy"
    for end_of_name in ("", "-wal"):
        shutil.copy(daemon.database + end_of_name, copy + end_of_name)
    daemon.start()
    one_round(daemon, holders, chance)
    daemon.stop(signal.SIGKILL)
    if os.path.exists(daemon.database + "-shm"):
        os.remove(daemon.database + "-shm")
    for end_of_name in ("", "-wal"):
        shutil.copy(copy + end_of_name, daemon.database + end_of_name)
    daemon.start()


def settled(check, seconds=20):
    """The faults that remain: what is due by itself (a death that is still to be recorded) gets time."""
    deadline = time.monotonic() + seconds
    while True:
        faults = check()
        if not any("yet" in fault for fault in faults) or time.monotonic() > deadline:
            return faults
        time.sleep(0.05)


def differences(daemon, holders):
    """What API and database say otherwise than the clients' record. "Yet" marks what may still come right."""
    shown = {lease["id"]: lease for lease in daemon.leases("active")}
    return database_faults(daemon, set(shown)) + record_faults(daemon, holders, shown)


def record_faults(daemon, holders, shown):
    """What the API says otherwise than the holders' record; `shown` are the active leases that may be theirs."""
    wrong = []
    connection = UnixConnection(daemon.socket)
    for held in (held for holder in holders for held in holder.leases):
        lease = shown.get(held.id) or connection.call("GET", f"/v1/leases/{held.id}")[1]
        if lease.get("ports") != held.ports:
            wrong.append(f"lease {held.id} was acknowledged and is {lease}")
        elif held.is_released:
            if lease["state"] == "active":
                wrong.append(f"lease {held.id} was released and is active")
        elif held.certainly_until() is not None:
            if lease["state"] != "orphaned":
                wrong.append(f"lease {held.id} is {lease['state']} and not orphaned yet, though its processes are dead")
        elif lease["state"] != "active":
            wrong.append(f"lease {held.id} is {lease['state']}, though it is held")
        else:
            wrong += agent_faults(held, lease)
    connection.close()
    recorded = {held.id for holder in holders for held in holder.leases}
    # A grant whose owner died before the reply came is nobody's, and is orphaned soon.
    wrong += [f"lease {lease} is active yet and nobody holds it" for lease in shown.keys() - recorded]
    return wrong


def agent_faults(held, lease):
    agents = {agent["name"]: agent for agent in lease["agents"]}
    for name, process in held.agents.items():
        agent, is_alive = agents.get(name), process.killed_at is None
        if agent is None or agent["pid"] != process.pid:
            yield f"agent {name} of lease {held.id} was attached as {process.pid} and is {agent}"
        elif agent["state"] != ("running" if is_alive else "exited"):
            yield f"agent {name} of lease {held.id} is {agent['state']} yet, alive: {is_alive}"


def database_faults(daemon, active):
    """What the database says against the API and against itself."""
    database = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, timeout=10)
    try:
        database.execute("BEGIN")
        rows = database.execute("SELECT id, first_port, count FROM leases WHERE state = 'active'").fetchall()
        ports = dict(database.execute("SELECT port, lease_id FROM ports WHERE lease_id IS NOT NULL"))
    finally:
        database.close()
    wrong = [] if {row[0] for row in rows} == active else ["the API and the database do not tell the same leases yet"]
    covered = {}
    for lease, first, count in rows:
        for port in range(first, first + count):
            if port in covered:
                wrong.append(f"port {port} is in the live leases {covered[port]} and {lease}")
            covered[port] = lease
    if covered != ports:
        wrong.append("the ports and the active leases disagree")
    return wrong


def overlaps(holders):
    """Ports that were certainly in two leases at once, by the clients' record."""
    spans, now = {}, time.monotonic()
    for held in (held for holder in holders for held in holder.leases):
        for port in held.ports:
            spans.setdefault(port, []).append((held.since, held.certainly_until() or now, held.id))
    for port, uses in spans.items():
        uses.sort()
        for (_, until, one), (since, _, other) in zip(uses, uses[1:]):
            if since < until:
                yield f"port {port} was in leases {one} and {other} at once"


def forget_ended(holder):
    """A long run keeps of each client its live leases and the last that ended."""
    live = [held for held in holder.leases if held.certainly_until() is None]
    ended = [held for held in holder.leases if held.certainly_until() is not None]
    holder.leases = ended[-20:] + live


def end(daemon, holders, seconds=60):
    """With nobody left, every port is free in the end. And the checks must notice a record that is otherwise."""
    faults = []
    altered = next((held for holder in holders for held in holder.leases if held.certainly_until() is None), None)
    if altered:
        altered.ports = [port + 1 for port in altered.ports]
        if not differences(daemon, holders):
            faults.append("the check does not notice an altered record")
        altered.ports = [port - 1 for port in altered.ports]
    connection = UnixConnection(daemon.socket)
    for holder in holders:
        for held in holder.leases:
            for process in held.processes():
                process.kill()
            if not held.owner:
                connection.call("DELETE", f"/v1/leases/{held.id}")

    def leaked():
        pools = connection.call("GET", "/v1/pools")[1]["pools"]
        active = [lease["id"] for lease in daemon.leases("active")]
        is_free = all(pool["free"] == pool["size"] for pool in pools) and not active
        return [] if is_free else [f"not every port is free yet: {pools}, active leases {active}"]

    faults += settled(leaked, seconds)
    connection.close()
    return faults
