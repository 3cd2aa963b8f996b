"""Leases that are renewed by a thread and released with their ``with`` block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TypeVar

from . import _requests
from ._core import Core
from ._holding import Attempt, HeldPorts, log
from ._http import drive
from ._keeping import Keeper
from ._requests import DEFAULT_TTL, Owner
from .errors import ConnectionLost, LeaseLost, NoAnswer, NoDaemon
from .models import LeaseRecord

LeaseType = TypeVar("LeaseType", bound="Lease")


class Lease(HeldPorts):
    """A block of ports that this process holds.

    A thread renews it. ``lost`` is set, and ``on_lost`` called by that thread, when it has ended by somebody else's
    doing; the ``with`` block then ends with LeaseLost. A lease that nobody refers to any more is released, and so are
    all at the end of the process. A forked child neither renews nor releases its parent's.
    """

    def __init__(
        self, core: Core, record: LeaseRecord, ttl: int | None, on_lost: Callable[[Lease], object] | None = None
    ) -> None:
        super().__init__(core, record, ttl)
        self.lost = threading.Event()
        self._on_lost = on_lost
        self._keeper = Keeper(self, self._hold)

    def renew(self, ttl: int | None = None) -> None:
        """Counts the TTL again, or another one from now on. Raises LeaseEnded when it is too late."""
        self._hold.check_process()
        self.record = drive(_requests.renew(self._core, self.id, ttl if ttl is not None else self._terms.ttl))
        if ttl is not None:
            self._terms.ttl = ttl
            self._keeper.look_again()

    def release(self) -> None:
        """Gives the ports back, and closes the held sockets. Releasing twice does nothing."""
        self._hold.check_process()
        self._close_sockets()
        if self._hold.is_over:
            return
        self._hold.is_ending = True
        drive(_requests.release(self._core, self.id))
        self._hold.conclude()
        self._keeper.stop()

    def attach(self, agent: str, pid: int, port: int | None = None) -> None:
        """Tells the daemon which process is behind a port: the lease then lives as long as that process at least."""
        self._hold.check_process()
        self.record = drive(_requests.attach(self._core, self.id, agent, pid, port))

    def detach(self, agent: str) -> None:
        self._hold.check_process()
        drive(_requests.detach(self._core, self.id, agent))

    def __enter__(self: LeaseType) -> LeaseType:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._hold.is_ours:
            return
        try:
            self.release()
        except (NoDaemon, ConnectionLost, NoAnswer) as failure:
            # It ends with this process or its TTL; the block's own work is done.
            log.warning("%s is not given back yet: %s", self._hold.what, failure)
        if self._loss is not None and error is None:
            raise LeaseLost(f"{self._hold.what} was lost: {self._loss}", facts={"lease_id": self.id})

    def _learn(self, attempt: Attempt) -> None:
        if attempt.record is not None:
            self.record = attempt.record
        if attempt.loss is None:
            return
        self._loss = attempt.loss
        self._hold.conclude()
        self.lost.set()
        if self._on_lost is not None:
            try:
                self._on_lost(self)
            except Exception:
                log.exception("on_lost of %s failed", self._hold.what)


def new_lease(
    core: Core, session: str, count: int, *, name: str | None, pool: str | None, ttl: int | None, wait: int | None,
    owner: Owner, agents: Sequence[str] | None, labels: Mapping[str, str] | None, first_port: int | None,
    on_lost: Callable[[Lease], object] | None,
) -> Lease:
    body = _requests.lease_body(
        session, count, ttl, name=name, pool=pool, agents=_requests.checked_agents(agents),
        labels=dict(labels) if labels else None, first_port=first_port)
    return Lease(core, drive(_requests.grant(core, body, owner, wait)), ttl, on_lost)


__all__ = ["DEFAULT_TTL", "Lease", "Owner"]
