"""A lease that is held is renewed, through restarts of the daemon too, and its loss is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime

import pytest

import berth_client
from berth_client import aio
from support import Daemon, eventually


def expiry(daemon: Daemon, lease: int) -> datetime:
    expires_at = daemon.client.show(lease).expires_at
    assert expires_at is not None
    return expires_at


def test_it_is_renewed_in_the_background(daemon: Daemon) -> None:
    with daemon.client.lease("alice", ttl=3, owner=None) as held:
        first = expiry(daemon, held.id)
        # Well past the end that it had.
        eventually(lambda: (expiry(daemon, held.id) - first).total_seconds() > 3)
        assert daemon.client.show(held.id).state == "active"
        assert not held.lost.is_set()


def test_without_renewal_it_would_have_ended(daemon: Daemon) -> None:
    held = daemon.client.lease("alice", ttl=1, owner=None)
    held._keeper.stop()
    eventually(lambda: daemon.client.show(held.id).state == "expired")
    with pytest.raises(berth_client.LeaseEnded):
        held.renew()
    held.release()


def test_it_is_renewed_by_a_task(daemon: Daemon) -> None:
    async def main() -> None:
        client = aio.Client(socket=daemon.socket)
        async with client.lease("alice", ttl=3, owner=None) as held:
            first = expiry(daemon, held.id)
            while (expiry(daemon, held.id) - first).total_seconds() <= 3:
                await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(main(), 60))
    assert daemon.active() == []


def test_a_ttl_can_be_changed(daemon: Daemon) -> None:
    with daemon.client.lease("alice", ttl=3000) as held:
        held.renew(ttl=2)
        first = expiry(daemon, held.id)
        eventually(lambda: expiry(daemon, held.id) > first)
        held.renew(ttl=3000)
        assert (expiry(daemon, held.id) - first).total_seconds() > 2000


@pytest.mark.parametrize("stop", [Daemon.stop, Daemon.kill])
def test_renewal_outlives_a_restart_of_the_daemon(
    stop: Callable[[Daemon], None], daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    lost = threading.Event()
    with daemon.client.lease("alice", ttl=9, on_lost=lambda _: lost.set()) as held:
        stop(daemon)
        # Nobody answers while the renewal is due.
        eventually(lambda: "is not renewed" in caplog.text)
        daemon.start()
        first = expiry(daemon, held.id)
        eventually(lambda: expiry(daemon, held.id) > first)
        assert daemon.active() == [held.id]
    assert not lost.is_set()
    assert daemon.active() == []


def test_a_loss_is_told(daemon: Daemon) -> None:
    told: list[int] = []
    with pytest.raises(berth_client.LeaseLost) as caught:
        with daemon.client.lease("alice", ttl=1, on_lost=lambda lease: told.append(lease.id)) as held:
            daemon.client.end_session("alice")
            assert held.lost.wait(60)
            eventually(lambda: told)
    assert told == [held.id]
    assert caught.value.facts == {"lease_id": held.id}


def test_a_loss_hides_no_other_error(daemon: Daemon) -> None:
    with pytest.raises(ValueError):
        with daemon.client.lease("alice", ttl=1) as held:
            daemon.client.end_session("alice")
            held.lost.wait(60)
            raise ValueError


def test_a_loss_is_told_to_async_holders(daemon: Daemon) -> None:
    told: list[int] = []

    async def on_lost(lease: aio.Lease) -> None:
        await asyncio.sleep(0)
        told.append(lease.id)

    async def main() -> int:
        client = aio.Client(socket=daemon.socket)
        async with client.lease("alice", ttl=1, on_lost=on_lost) as held:
            await client.end_session("alice")
            await held.lost.wait()
            while not told:
                await asyncio.sleep(0.01)
        return held.id

    with pytest.raises(berth_client.LeaseLost) as caught:
        asyncio.run(asyncio.wait_for(main(), 60))
    assert told == [caught.value.facts["lease_id"]]


def test_a_lease_without_a_ttl_is_looked_at(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth_client._holding.CHECK_INTERVAL", 0.1)
    held = daemon.client.lease("alice", ttl=None)
    assert daemon.client.show(held.id).expires_at is None
    daemon.client.end_session("alice")
    assert held.lost.wait(60)


def test_a_release_while_nobody_answers_ends_the_block(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("berth_client._core.RETURN_TIME", 0.3)
    with daemon.client.lease("alice") as held:
        daemon.kill()
    with pytest.raises(berth_client.NoDaemon):
        held.release()
    daemon.start()
    assert daemon.active() == [held.id]
    held.release()
    assert daemon.active() == []
