"""Leases of a real daemon: what they are, and that they are given back whatever happens."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading

import pytest

import berth_client
from berth_client import aio
from support import Daemon, eventually, python

forks = pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")

HOLDER = """
import sys, signal, berth_client
held = berth_client.lease("holder", 2)
print(held.id, flush=True)
{}
"""


def test_a_lease_has_its_ports_and_is_released_with_its_block(daemon: Daemon) -> None:
    with daemon.client.lease("alice", 3, name="web", agents=["a"], labels={"k": "v"}) as held:
        assert held.ports == list(range(held.first_port, held.first_port + 3))
        assert daemon.first <= held.first_port and held.ports[-1] <= daemon.last
        (record,) = daemon.client.leases("alice")
        assert (record.id, record.name, record.labels) == (held.id, "web", {"k": "v"})
        assert (record.agents[0].name, record.agents[0].port) == ("a", held.first_port)
    assert daemon.active() == []
    assert daemon.client.show(held.id).state == "released"
    held.release()


def test_its_variables_are_those_of_the_command(daemon: Daemon) -> None:
    with daemon.client.lease("alice", 2, name="web", agents=["team-1", "2nd"], owner=None) as held:
        text = daemon.berth("lease", "alice", "-n", "2", "--name", "web", "--format", "dotenv").stdout
        told = dict(line.replace('"', "").split("=", 1) for line in text.splitlines())
        assert held.env() == told
        assert held.env()["TEAM_1_PORT"] == str(held.first_port)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_the_block_releases(error: type[BaseException], daemon: Daemon) -> None:
    with pytest.raises(error):
        with daemon.client.lease("alice"):
            assert len(daemon.active()) == 1
            raise error
    assert daemon.active() == []


ASYNC_HOLDER = """
import asyncio
from berth_client import aio
async def main():
    async with aio.lease("holder", 2) as held:
        print(held.id, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("code", [HOLDER.format("with held:\n    signal.pause()"), ASYNC_HOLDER], ids=["sync", "async"])
def test_a_real_interrupt_releases(code: str, daemon: Daemon) -> None:
    with python(code, daemon.environment) as process:
        assert process.stdout is not None
        lease = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.stdout.read()
    assert daemon.client.show(lease).state == "released"


def test_the_end_of_the_process_releases(daemon: Daemon) -> None:
    with python(HOLDER.format(""), daemon.environment) as process:
        assert process.stdout is not None
        lease = int(process.stdout.readline())
        assert process.wait(30) == 0
    assert daemon.client.show(lease).state == "released"


def test_the_end_of_an_async_program_releases(daemon: Daemon) -> None:
    code = """
import asyncio
from berth_client import aio
async def main():
    global held
    held = await aio.lease("holder", 2)
    print(held.id, flush=True)
asyncio.run(main())
"""
    with python(code, daemon.environment) as process:
        assert process.stdout is not None
        lease = int(process.stdout.readline())
        assert (process.stdout.read(), process.wait(30)) == ("", 0)
    assert daemon.client.show(lease).state == "released"


def test_a_killed_process_gives_its_ports_back_long_before_the_ttl(daemon: Daemon) -> None:
    with python(HOLDER.format("signal.pause()"), daemon.environment) as process:
        assert process.stdout is not None
        lease = int(process.stdout.readline())
        process.kill()
        process.wait(30)
    eventually(lambda: daemon.client.show(lease).state == "orphaned")


def test_a_dropped_lease_is_released(daemon: Daemon) -> None:
    held = daemon.client.lease("alice")
    lease = held.id
    del held
    gc.collect()
    eventually(lambda: daemon.client.show(lease).state == "released")


def test_a_dropped_lease_in_a_cycle_is_released(daemon: Daemon) -> None:
    held = daemon.client.lease("alice")
    lease = held.id
    held.__dict__["itself"] = held
    del held
    gc.collect()
    eventually(lambda: daemon.client.show(lease).state == "released")


def test_a_dropped_async_lease_is_released(daemon: Daemon) -> None:
    async def drop() -> None:
        client = aio.Client(socket=daemon.socket)
        held = await client.lease("alice")
        lease = held.id
        del held
        gc.collect()
        async with asyncio.timeout(60) if hasattr(asyncio, "timeout") else _Unbounded():
            while (await client.show(lease)).state != "released":
                await asyncio.sleep(0.02)

    asyncio.run(drop())


class _Unbounded:
    """For Python 3.10, which has no asyncio.timeout()."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


@forks
def test_a_forked_child_leaves_its_parents_lease_alone(daemon: Daemon) -> None:
    with daemon.client.lease("alice") as held:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                code = _as_child(held)
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert daemon.active() == [held.id]
    assert daemon.active() == []


def _as_child(held: berth_client.Lease) -> int:
    refused = 0
    for forbidden in (held.release, held.renew, held.sockets):
        try:
            forbidden()
        except RuntimeError:
            refused += 1
    held.__exit__(None, None, None)
    return 3 - refused


def test_a_forked_child_that_exits_in_order_leaves_it_alone_too(daemon: Daemon) -> None:
    code = HOLDER.format("""
import os
if os.fork() == 0:
    sys.exit(0)
assert os.wait()[1] == 0
print([lease.id for lease in berth_client.Client().leases()])
""")
    # Python 3.12 and later warn of a fork beside any thread.
    with python(code, daemon.environment | {"PYTHONWARNINGS": "ignore::DeprecationWarning"}) as process:
        assert process.stdout is not None
        lease = int(process.stdout.readline())
        assert process.stdout.read().strip() == f"[{lease}]"
    assert daemon.client.show(lease).state == "released"


def test_async_leases_are_the_same(daemon: Daemon) -> None:
    async def main() -> int:
        client = aio.Client(socket=daemon.socket)
        async with client.lease("alice", 2, agents=["a"]) as one:
            other = await client.lease("bob")
            await one.attach("a", os.getpid())
            assert one.record.agents[0].state == "running"
            await one.detach("a")
            assert [lease.id for lease in await client.leases()] == [one.id, other.id]
            await other.release()
            with pytest.raises(ZeroDivisionError):
                async with client.lease("carol"):
                    _ = 1 // 0
        assert await client.leases() == []
        return one.id

    assert daemon.client.show(asyncio.run(main())).state == "released"


def test_a_cancelled_task_releases(daemon: Daemon) -> None:
    async def main() -> None:
        entered = asyncio.Event()

        async def hold() -> None:
            async with aio.lease("alice", client=aio.Client(socket=daemon.socket)):
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hold())
        await entered.wait()
        assert len(daemon.active()) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert daemon.active() == []


def test_refusals(small_daemon: Daemon) -> None:
    client = small_daemon.client
    with client.lease("alice", 4, name="web") as held:
        with pytest.raises(berth_client.NameConflict):
            client.lease("alice", 2, name="web")
        with pytest.raises(berth_client.PoolExhausted) as full:
            client.lease("alice", 3)
        assert full.value.facts == {"largest_free_block": 2, "free": 2, "count": 3}
        with pytest.raises(berth_client.SessionLimit) as limit:
            client.lease("bob", 1)
        assert limit.value.status == 429
        with pytest.raises(berth_client.PortUnavailable) as taken:
            client.lease("alice", 1, first_port=held.first_port)
        assert taken.value.facts["lease_id"] == held.id
        with pytest.raises(berth_client.InvalidField) as invalid:
            client.lease("al ice")
        assert invalid.value.facts["errors"][0]["field"] == "session"
        with pytest.raises(berth_client.NoSuchProcess):
            client.lease("alice", owner=2**22 + 1)
        with pytest.raises(berth_client.NotFound):
            client.show(999)


def test_a_name_gives_the_same_lease_again(daemon: Daemon) -> None:
    with daemon.client.lease("alice", name="web") as one:
        with daemon.client.lease("alice", name="web") as other:
            assert other.id == one.id


def test_a_full_pool_is_waited_for(small_daemon: Daemon) -> None:
    held = small_daemon.client.lease("alice", 6)
    granted: list[int] = []
    waiter = threading.Thread(target=lambda: granted.append(_lease_and_release(small_daemon)))
    waiter.start()
    eventually(lambda: "alice" in small_daemon.berth("queue").stdout)
    assert granted == []
    held.release()
    waiter.join(60)
    assert granted and granted[0] > held.id


def _lease_and_release(daemon: Daemon) -> int:
    with daemon.client.lease("alice", 6, wait=60) as held:
        return held.id


def test_a_wait_that_is_over_tells_why(small_daemon: Daemon) -> None:
    with small_daemon.client.lease("alice", 6):
        with pytest.raises(berth_client.PoolExhausted):
            small_daemon.client.lease("alice", 1, wait=1)


def test_a_cancelled_wait_leaves_the_line(small_daemon: Daemon) -> None:
    async def main() -> None:
        client = aio.Client(socket=small_daemon.socket)
        async with client.lease("alice", 6):
            waiting = asyncio.create_task(_awaited(client))
            while "alice" not in small_daemon.berth("queue").stdout:
                await asyncio.sleep(0.02)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            while "alice" in small_daemon.berth("queue").stdout:
                await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(main(), 60))


async def _awaited(client: aio.Client) -> None:
    await client.lease("alice", 1, wait=60)


def test_tokens_over_tcp(small_daemon: Daemon) -> None:
    url = small_daemon.url()
    client = berth_client.Client(url=url, token=small_daemon.token("ci"))
    with client.lease("alice", 2, ttl=30) as held:
        assert client.show(held.id).expires_at is not None
        # A token's bearer may name no process; its TTL alone holds the lease.
        with pytest.raises(berth_client.Refused):
            client.lease("alice", owner=os.getpid())
    for token in ("wrong" * 10, None):
        for kind in (berth_client.Client, aio.Client):
            stranger = kind(url=url, token=token)
            with pytest.raises(berth_client.Unauthorized) as caught:
                outcome = stranger.leases()
                if not isinstance(outcome, list):
                    asyncio.run(outcome)
            assert caught.value.status == 401
