"""Backups under full load: each is started as a daemon of its own, and compared with what the clients know."""

import os
import shutil
import subprocess
import threading
import time

from berth_host import Daemon, UnixConnection
from clients import Client

# How far ids jump on a restored database.
JUMP = 1 << 32


def run(binary, count, seed):
    """Returns the faults found in `count` backups, made while 32 clients lease and release."""
    faults, told = [], []
    with Daemon(binary) as daemon:
        clients = [Client(number, daemon.socket, 1 << 40, seed + number) for number in range(32)]
        for client in clients:
            client.start()
        try:
            while sum(len(client.granted) for client in clients) < 500:
                time.sleep(0.01)
            for number in range(count):
                path = os.path.join(daemon.folder.name, f"backup-{number}.db")
                # What is made of a backup takes longer than the backup: meanwhile the clients rest.
                resume(clients)
                before = [(set(client.granted), set(client.released)) for client in clients]
                connection = UnixConnection(daemon.socket, timeout=120)
                status, report = connection.call("POST", "/v1/backups", {"path": path})
                connection.close()
                rest(clients)
                if status != 200:
                    faults.append(f"backup {number} was answered with {status} {report}")
                    break
                told.append(inspect(binary, daemon, path, report, before, faults, number))
                os.unlink(path)
        finally:
            for client in clients:
                client.is_stopped = True
            resume(clients)
            for client in clients:
                client.join()
    faults += [f"client {client.number}: {client.error}" for client in clients if client.error]
    granted = {lease for client in clients for lease in client.granted}
    for number, leases in enumerate(told):
        faults += [f"backup {number} has lease {lease}, which nobody was granted" for lease in leases - granted]
    print(f"seed {seed}: {len(told)} backups while {len(granted)} leases were granted")
    return faults


def resume(clients):
    for client in clients:
        client.goes_on.set()


def rest(clients):
    for client in clients:
        client.goes_on.clear()


def inspect(binary, source, path, report, before, faults, number):
    """Starts the backup. Returns the ids of its leases."""
    restored = Daemon(binary)
    restored.range = source.range
    shutil.copyfile(path, restored.database)
    with restored:
        active = {lease["id"] for lease in restored.leases("active")}
        ended = {lease["id"] for lease in restored.leases("ended")}
        for granted, released in before:
            faults += [f"backup {number} lacks lease {lease}" for lease in granted - active - ended]
            faults += [f"backup {number} has lease {lease} active, which was released before" for lease in released & active]
        connection = UnixConnection(restored.socket, timeout=120)
        _, verdict = connection.call("GET", "/v1/audit/verify")
        if not verdict["valid"]:
            faults.append(f"backup {number}: {verdict['problem']}")
        _, page = connection.call("GET", f"/v1/audit?after={report['seq'] - 1}&limit=2")
        last, first = page["events"]
        if last["hash"] != report["hash"]:
            faults.append(f"backup {number} does not end with the record that it was told to end with")
        if first["event"] != "daemon.restored" or first["seq"] <= last["seq"] + JUMP:
            faults.append(f"backup {number} goes on with {first}")
        lease = new_lease(connection)
        if lease["id"] <= JUMP + max(active | ended):
            faults.append(f"backup {number} gave a new lease the id {lease['id']}")
        examined = subprocess.run(
            [binary, "doctor", "--database", restored.database], capture_output=True, text=True, check=False)
        if "damaged" in examined.stdout:
            faults.append(f"backup {number}: {examined.stdout}")
        connection.close()
    return active | ended


def new_lease(connection):
    """A lease of one port. Free ports rest on a restored database until they were looked at."""
    deadline = time.monotonic() + 60
    while True:
        status, lease = connection.call("POST", "/v1/leases", {"session": "restored", "count": 1})
        if status == 201:
            return lease
        if status != 503 or time.monotonic() > deadline:
            raise RuntimeError(f"a lease was answered with {status} {lease}")
        threading.Event().wait(0.05)
