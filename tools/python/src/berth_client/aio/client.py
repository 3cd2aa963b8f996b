"""The client of one daemon for asyncio, and functions for the daemon that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from .. import _requests
from .._core import Core
from .._requests import DEFAULT_TTL, Owner
from ..endpoints import find_endpoints
from ..models import LeaseRecord
from ._http import drive
from .leases import Lease
from .sessions import AgentSession


class _Managed(Protocol):
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def __aenter__(self) -> Any: ...


M = TypeVar("M", bound=_Managed)


class Opening(Generic[M]):
    """Something to come: ``await`` it, or enter it with ``async with``."""

    def __init__(self, coming: Coroutine[Any, Any, M]) -> None:
        self._coming = coming
        self._managed: M | None = None

    def __await__(self) -> Generator[Any, None, M]:
        return self._coming.__await__()

    async def __aenter__(self) -> M:
        self._managed = await self._coming
        await self._managed.__aenter__()
        return self._managed

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._managed is not None:
            await self._managed.__aexit__(kind, error, trace)


class Client:
    """Speaks to one daemon: that of ``socket``, of ``url`` and ``token``, or the one that the ``berth`` command would find.

    Every request has a connection of its own. A request whose answer was lost is repeated for some seconds; it is
    carried out once.
    """

    def __init__(self, *, socket: str | None = None, url: str | None = None, token: str | None = None) -> None:
        self._core = Core(find_endpoints(socket=socket, url=url, token=token))

    def lease(
        self, session: str, count: int = 1, *, name: str | None = None, pool: str | None = None,
        ttl: int | None = DEFAULT_TTL, wait: int | None = None, agents: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None, first_port: int | None = None, owner: Owner = "auto",
        on_lost: Callable[[Lease], Any] | None = None,
    ) -> Opening[Lease]:
        """Leases ``count`` consecutive ports. See berth_client.lease()."""
        body = _requests.lease_body(
            session, count, ttl, name=name, pool=pool, agents=_requests.checked_agents(agents),
            labels=dict(labels) if labels else None, first_port=first_port)

        async def coming() -> Lease:
            return Lease(self._core, await drive(_requests.grant(self._core, body, owner, wait)), ttl, on_lost)

        return Opening(coming())

    def create_agent_session(
        self, user: str, *, template: str, variables: Mapping[str, str] | None = None, ttl: int | None = None,
        wait: int | None = None,
    ) -> Opening[AgentSession]:
        """Starts a session from a template. See berth_client.create_agent_session()."""

        async def coming() -> AgentSession:
            value = await drive(_requests.start_session(self._core, user, template, variables, ttl, wait))
            return AgentSession(self._core, value, ttl)

        return Opening(coming())

    async def agent_session(self, name: str) -> AgentSession:
        """A session that runs already, without its token."""
        return AgentSession(self._core, await drive(_requests.show_session(self._core, name)), None)

    async def show(self, lease: int) -> LeaseRecord:
        """A lease, an ended one too."""
        return await drive(_requests.show(self._core, lease))

    async def leases(self, session: str | None = None, *, state: str = "active") -> list[LeaseRecord]:
        """The leases that this caller may see, of all sessions or one; ``state`` is active, ended or all."""
        return await drive(_requests.leases(self._core, session, state))

    async def end_session(self, name: str) -> None:
        """Releases all of a session's leases at once, and stops its agents where a template started it."""
        await drive(_requests.end_session(self._core, name))


def lease(
    session: str, count: int = 1, *, name: str | None = None, pool: str | None = None, ttl: int | None = DEFAULT_TTL,
    wait: int | None = None, agents: Sequence[str] | None = None, labels: Mapping[str, str] | None = None,
    first_port: int | None = None, owner: Owner = "auto", on_lost: Callable[[Lease], Any] | None = None,
    client: Client | None = None,
) -> Opening[Lease]:
    """Leases ``count`` consecutive ports: ``async with lease("alice", 6) as held`` or ``held = await lease("alice", 6)``.

    The arguments are those of berth_client.lease().
    """
    return (client or Client()).lease(
        session, count, name=name, pool=pool, ttl=ttl, wait=wait, agents=agents, labels=labels, first_port=first_port,
        owner=owner, on_lost=on_lost)


def create_agent_session(
    user: str, *, template: str, variables: Mapping[str, str] | None = None, ttl: int | None = None,
    wait: int | None = None, client: Client | None = None,
) -> Opening[AgentSession]:
    """Starts a user's agents from a template: to be awaited, or entered with ``async with``.

    The arguments are those of berth_client.create_agent_session().
    """
    return (client or Client()).create_agent_session(user, template=template, variables=variables, ttl=ttl, wait=wait)
