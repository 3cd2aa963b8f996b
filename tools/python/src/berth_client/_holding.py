"""What is held: how it is given back exactly once and by its own process alone, and when it is renewed."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import _requests
from ._core import Conversation, Core
from ._http import drive
from .errors import BerthError, ConnectionLost, LeaseEnded, NoAnswer, NoDaemon, NotFound
from .models import LeaseRecord

log = logging.getLogger("berth_client")

#: How often something without a TTL is looked at, so that its loss is noticed.
CHECK_INTERVAL = 60.0
#: Until the next attempt when a renewal failed.
RETRY_INTERVAL = 1.0
#: What the end of the process may take for each thing that it gives back.
EXIT_TIMEOUT = 5.0

Ending = Callable[[float], Conversation[None]]


class Hold:
    """Something to give back, known to its owner, to the renewal and to the end of the process."""

    def __init__(self, what: str, ending: Ending) -> None:
        self.what = what
        self.ending = ending
        self.process = os.getpid()
        #: From the first attempt to end it, a renewal that is refused tells of no loss.
        self.is_ending = False
        self.is_over = False
        _live[id(self)] = self

    @property
    def is_ours(self) -> bool:
        """False in a child that was forked: what its parent holds is none of its business."""
        return os.getpid() == self.process

    def check_process(self) -> None:
        if not self.is_ours:
            raise RuntimeError(f"{self.what} belongs to process {self.process}, which forked this one")

    def conclude(self) -> None:
        """It is given back, or lost, or ends by itself; nobody has to do anything more."""
        self.is_over = True
        _live.pop(id(self), None)

    def end_quietly(self) -> None:
        """For moments in which nobody would hear an error: garbage collection and the end of the process."""
        if self.is_over or not self.is_ours:
            return
        self.is_ending = True
        try:
            drive(self.ending(EXIT_TIMEOUT))
        except BerthError as error:
            log.warning("%s is not given back; it ends with its owner or its TTL: %s", self.what, error)
        self.conclude()


_live: dict[int, Hold] = {}


@atexit.register
def _end_all() -> None:
    for hold in list(_live.values()):
        hold.end_quietly()


@dataclass(frozen=True)
class Attempt:
    """What one attempt to renew led to."""

    #: Seconds until the next one; None when there is none.
    pause: float | None
    record: LeaseRecord | None = None
    #: Why the lease is lost; None while it is held.
    loss: str | None = None


class Terms:
    """When a lease has to be renewed."""

    def __init__(self, core: Core, lease: int | None, ttl: int | None) -> None:
        self.core = core
        #: None for what has no lease at the moment.
        self.lease = lease
        self.ttl = ttl
        self.renewed_at = time.monotonic()

    @property
    def interval(self) -> float:
        return CHECK_INTERVAL if self.ttl is None else self.ttl / 3

    def attempt(self) -> Conversation[Attempt]:
        """Renews the lease. While no daemon answers it is not lost: that time costs nobody a lease."""
        start = time.monotonic()
        try:
            attempt = yield from self._renewed()
        except (LeaseEnded, NotFound) as error:
            return Attempt(None, loss=error.detail)
        except (NoDaemon, ConnectionLost, NoAnswer) as error:
            log.warning("%s is not renewed, and will be once the daemon answers: %s", self, error)
        except BerthError as error:
            # It answers, and does not let us: then the TTL runs out.
            if self.ttl is not None and start > self.renewed_at + self.ttl:
                return Attempt(None, loss=f"it was not renewed until its TTL ran out: {error}")
            log.warning("%s is not renewed: %s", self, error)
        else:
            self.renewed_at = start
            return attempt
        return Attempt(self.retry_interval)

    @property
    def retry_interval(self) -> float:
        return min(RETRY_INTERVAL, self.interval / 4)

    def _renewed(self) -> Conversation[Attempt]:
        if self.lease is None:
            return Attempt(self.interval)
        if self.ttl is None:
            record = yield from _requests.show(self.core, self.lease, is_patient=False)
        else:
            record = yield from _requests.renew(self.core, self.lease, self.ttl, is_patient=False)
        if record.state != "active":
            return Attempt(None, record, loss=f"it has ended: {record.end_reason or record.state}")
        return Attempt(self.interval, record)

    def __str__(self) -> str:
        return f"lease {self.lease}"


class SessionTerms(Terms):
    """Those of a template's session, whose lease may be another one after it slept."""

    def __init__(self, core: Core, session: str, ttl: int | None) -> None:
        super().__init__(core, None, ttl)
        self.session = session

    def _renewed(self) -> Conversation[Attempt]:
        value = yield from _requests.show_session(self.core, self.session, is_patient=False)
        if value["state"] != "active":
            return Attempt(None, loss="it has ended")
        self.lease = value.get("lease_id")
        try:
            return (yield from super()._renewed())
        except LeaseEnded:
            # It has just fallen asleep, or ended: the next look tells.
            return Attempt(self.retry_interval)

    def __str__(self) -> str:
        return f"session {self.session}"


def listen_on(ports: tuple[int, ...], host: str, backlog: int) -> list[socket.socket]:
    """Binds and listens on every port, or on none: then OSError names the port that somebody else has."""
    sockets: list[socket.socket] = []
    try:
        for port in ports:
            one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            sockets.append(one)
            # As servers do: a connection in TIME_WAIT is no reason to fail.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((host, port))
                one.listen(backlog)
            except OSError as error:
                raise OSError(error.errno, f"{error.strerror}: {host} port {port}") from error
    except BaseException:
        for one in sockets:
            one.close()
        raise
    return sockets


class HeldPorts:
    """What a lease is to its holder, apart from the input and output of renewing and releasing it."""

    def __init__(self, core: Core, record: LeaseRecord, ttl: int | None) -> None:
        self._core = core
        #: The lease as the daemon described it last.
        self.record = record
        self._terms = Terms(core, record.id, ttl)
        lease = record.id
        self._hold = Hold(f"lease {lease}", lambda timeout: _requests.release(core, lease, timeout))
        self._sockets: dict[tuple[str, int], list[socket.socket]] = {}
        self._loss: str | None = None

    @property
    def id(self) -> int:
        """The lease's fencing token: a later grant has a greater one."""
        return self.record.id

    @property
    def session(self) -> str:
        return self.record.session

    @property
    def ports(self) -> list[int]:
        return list(self.record.ports)

    @property
    def first_port(self) -> int:
        return self.record.first_port

    def env(self) -> dict[str, str]:
        """The variables that ``berth run`` gives a program: ``PORT``, ``PORT_1``, ``BERTH_PORTS`` and so on."""
        return self.record.env()

    def sockets(self, host: str = "127.0.0.1", backlog: int = 128) -> list[socket.socket]:
        """A listening socket for each port, in their order: nobody can take one before the server is there.

        They are closed with the release; the same call again gives the same sockets. A subprocess gets them by
        ``pass_fds``. Raises OSError when somebody who asked no Berth has a port.
        """
        self._hold.check_process()
        if self._hold.is_over:
            raise RuntimeError(f"{self._hold.what} is held no longer")
        key = (host, backlog)
        if key not in self._sockets:
            self._sockets[key] = listen_on(self.record.ports, host, backlog)
        return list(self._sockets[key])

    def _close_sockets(self) -> None:
        for sockets in self._sockets.values():
            for one in sockets:
                one.close()
        self._sockets.clear()

    def __repr__(self) -> str:
        ports = self.record.ports
        return f"<{type(self).__name__} {self.id} of {self.session}: ports {ports[0]}-{ports[-1]}>"
