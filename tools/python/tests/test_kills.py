"""The daemon is killed in the middle of requests: each is carried out once."""

from __future__ import annotations

import asyncio
import threading

import pytest

import berth_client
from berth_client import aio
from support import Daemon, eventually


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_request_that_waits_keeps_its_place(kind: str, small_daemon: Daemon) -> None:
    held = small_daemon.client.lease("alice", 6, owner=None)
    granted: list[int] = []

    def wait() -> None:
        if kind == "sync":
            with small_daemon.client.lease("alice", 2, wait=120, owner=None) as other:
                granted.append(other.id)
        else:
            granted.append(asyncio.run(_leased(small_daemon)))

    waiter = threading.Thread(target=wait)
    waiter.start()
    eventually(lambda: "alice" in small_daemon.berth("queue").stdout)
    small_daemon.kill()
    small_daemon.start()
    held.release()
    waiter.join(100)
    assert len(granted) == 1


async def _leased(daemon: Daemon) -> int:
    async with aio.Client(socket=daemon.socket).lease("alice", 2, wait=120, owner=None) as held:
        return held.id


def test_no_lease_is_made_twice_or_lost(daemon: Daemon) -> None:
    held: list[berth_client.Lease] = []
    errors: list[BaseException] = []
    is_over = threading.Event()

    def lease_all() -> None:
        client = daemon.client
        try:
            for number in range(30):
                held.append(client.lease(f"session-{number}", owner=None))
                # Each kill has leases before and behind it.
                if number % 10 == 9:
                    reached.release()
        except BaseException as error:
            errors.append(error)
        is_over.set()
        reached.release()

    reached = threading.Semaphore(0)
    thread = threading.Thread(target=lease_all)
    thread.start()
    kills = 0
    while not is_over.is_set():
        reached.acquire()
        daemon.kill()
        daemon.start()
        kills += 1
    thread.join()
    assert errors == []
    assert kills >= 3
    assert daemon.active() == sorted(lease.id for lease in held)
    assert len({lease.first_port for lease in held}) == 30
    for lease in held:
        lease.release()
    assert daemon.active() == []
