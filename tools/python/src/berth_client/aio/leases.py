"""Leases that are renewed by a task and released with their ``async with`` block."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .. import _requests
from .._core import Core
from .._holding import Attempt, HeldPorts, log
from ..errors import ConnectionLost, LeaseLost, NoAnswer, NoDaemon
from ..models import LeaseRecord
from ._http import drive
from ._keeping import Keeper


class Lease(HeldPorts):
    """A block of ports that this process holds.

    A task of the running event loop renews it. ``lost`` is set, and ``on_lost`` called or awaited, when it has ended by
    somebody else's doing; the ``async with`` block then ends with LeaseLost.
    """

    def __init__(
        self, core: Core, record: LeaseRecord, ttl: int | None, on_lost: Callable[[Lease], Any] | None = None
    ) -> None:
        super().__init__(core, record, ttl)
        self.lost = asyncio.Event()
        self._on_lost = on_lost
        self._keeper = Keeper(self, self._hold)

    async def renew(self, ttl: int | None = None) -> None:
        """Counts the TTL again, or another one from now on. Raises LeaseEnded when it is too late."""
        self._hold.check_process()
        self.record = await drive(_requests.renew(self._core, self.id, ttl if ttl is not None else self._terms.ttl))
        if ttl is not None:
            self._terms.ttl = ttl
            self._keeper.look_again()

    async def release(self) -> None:
        """Gives the ports back, and closes the held sockets. Releasing twice does nothing."""
        self._hold.check_process()
        self._close_sockets()
        if self._hold.is_over:
            return
        self._hold.is_ending = True
        await drive(_requests.release(self._core, self.id))
        self._hold.conclude()
        self._keeper.stop()

    async def attach(self, agent: str, pid: int, port: int | None = None) -> None:
        """Tells the daemon which process is behind a port: the lease then lives as long as that process at least."""
        self._hold.check_process()
        self.record = await drive(_requests.attach(self._core, self.id, agent, pid, port))

    async def detach(self, agent: str) -> None:
        self._hold.check_process()
        await drive(_requests.detach(self._core, self.id, agent))

    async def __aenter__(self) -> Lease:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._hold.is_ours:
            return
        try:
            await self.release()
        except (NoDaemon, ConnectionLost, NoAnswer) as failure:
            # It ends with this process or its TTL; the block's own work is done.
            log.warning("%s is not given back yet: %s", self._hold.what, failure)
        if self._loss is not None and error is None:
            raise LeaseLost(f"{self._hold.what} was lost: {self._loss}", facts={"lease_id": self.id})

    async def _learn(self, attempt: Attempt) -> None:
        if attempt.record is not None:
            self.record = attempt.record
        if attempt.loss is None:
            return
        self._loss = attempt.loss
        self._hold.conclude()
        self.lost.set()
        if self._on_lost is not None:
            try:
                outcome = self._on_lost(self)
                if inspect.isawaitable(outcome):
                    await outcome
            except Exception:
                log.exception("on_lost of %s failed", self._hold.what)
