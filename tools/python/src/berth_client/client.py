"""The client of one daemon, and functions for the daemon that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from . import _requests
from ._core import Core
from ._http import drive
from ._requests import DEFAULT_TTL, Owner
from .endpoints import find_endpoints
from .leases import Lease, new_lease
from .models import LeaseRecord
from .sessions import AgentSession


class Client:
    """Speaks to one daemon: that of ``socket``, of ``url`` and ``token``, or the one that the ``berth`` command would find.

    Every request has a connection of its own, so that a client may be shared by threads and outlives forks and the
    daemon's restarts. A request whose answer was lost is repeated for some seconds; it is carried out once. A daemon that
    has answered before and is gone is waited for as long.
    """

    def __init__(self, *, socket: str | None = None, url: str | None = None, token: str | None = None) -> None:
        self._core = Core(find_endpoints(socket=socket, url=url, token=token))

    def lease(
        self, session: str, count: int = 1, *, name: str | None = None, pool: str | None = None,
        ttl: int | None = DEFAULT_TTL, wait: int | None = None, agents: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None, first_port: int | None = None, owner: Owner = "auto",
        on_lost: Callable[[Lease], object] | None = None,
    ) -> Lease:
        """Leases ``count`` consecutive ports. See berth_client.lease()."""
        return new_lease(
            self._core, session, count, name=name, pool=pool, ttl=ttl, wait=wait, owner=owner, agents=agents,
            labels=labels, first_port=first_port, on_lost=on_lost)

    def create_agent_session(
        self, user: str, *, template: str, variables: Mapping[str, str] | None = None, ttl: int | None = None,
        wait: int | None = None,
    ) -> AgentSession:
        """Starts a session from a template. See berth_client.create_agent_session()."""
        value = drive(_requests.start_session(self._core, user, template, variables, ttl, wait))
        return AgentSession(self._core, value, ttl)

    def agent_session(self, name: str) -> AgentSession:
        """A session that runs already, without its token."""
        return AgentSession(self._core, drive(_requests.show_session(self._core, name)), None)

    def show(self, lease: int) -> LeaseRecord:
        """A lease, an ended one too."""
        return drive(_requests.show(self._core, lease))

    def leases(self, session: str | None = None, *, state: str = "active") -> list[LeaseRecord]:
        """The leases that this caller may see, of all sessions or one; ``state`` is active, ended or all."""
        return drive(_requests.leases(self._core, session, state))

    def end_session(self, name: str) -> None:
        """Releases all of a session's leases at once, and stops its agents where a template started it."""
        drive(_requests.end_session(self._core, name))


def lease(
    session: str, count: int = 1, *, name: str | None = None, pool: str | None = None, ttl: int | None = DEFAULT_TTL,
    wait: int | None = None, agents: Sequence[str] | None = None, labels: Mapping[str, str] | None = None,
    first_port: int | None = None, owner: Owner = "auto", on_lost: Callable[[Lease], object] | None = None,
    client: Client | None = None,
) -> Lease:
    """Leases ``count`` consecutive ports, renews them in the background, and releases them with the ``with`` block.

    ``name`` makes it repeatable: the session's lease of that name is returned while it is active. ``wait`` stands in
    line for so many seconds where there is no room. ``agents`` names the first ports in order. ``first_port`` wants
    exactly that block.

    ``owner="auto"`` ties the lease to this process on a Unix socket: if it is killed, the ports come back at once. Over
    TCP, and with ``owner=None``, the TTL alone ends it. ``ttl=None`` is for owned leases only.
    """
    return (client or Client()).lease(
        session, count, name=name, pool=pool, ttl=ttl, wait=wait, agents=agents, labels=labels, first_port=first_port,
        owner=owner, on_lost=on_lost)


def create_agent_session(
    user: str, *, template: str, variables: Mapping[str, str] | None = None, ttl: int | None = None,
    wait: int | None = None, client: Client | None = None,
) -> AgentSession:
    """Starts a user's agents from a template of the daemon's, and returns when all of them answer.

    The result has ``agent_urls``, ``agents``, ``token`` and ``end()``; it also reads as the mapping
    ``{"agent_urls": {name: url}, …}``. Without a ``with`` block the session lives until ``end()`` or its TTL.
    """
    return (client or Client()).create_agent_session(user, template=template, variables=variables, ttl=ttl, wait=wait)
