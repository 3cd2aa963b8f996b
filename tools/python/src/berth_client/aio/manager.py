"""Agents of a user's session as subprocesses of this one, for asyncio."""

from __future__ import annotations

from types import TracebackType

from .._crew import Crew
from ._http import drive
from .client import Client
from .leases import Lease


class A2AAgentManager(Crew[Client]):
    """Leases a block for one user's agents, starts them in it, stops them, and gives the ports back.

    As berth_client.A2AAgentManager, except that the ports are leased by ``await start()``, or ``async with``.
    """

    _lease: Lease | None = None

    def _new_client(self) -> Client:
        return Client()

    @property
    def lease(self) -> Lease:
        if self._lease is None:
            raise RuntimeError("no ports are leased: await start() first")
        return self._lease

    @property
    def port_range(self) -> range:
        """The ports, one for each agent."""
        return self._range()

    async def start(self) -> dict[str, str]:
        """Leases the block, starts the agents, waits until all of them listen, and returns their URLs.

        Raises AgentFailed, with everything stopped and released, where one does not come up.
        """
        if self._lease is not None:
            raise RuntimeError("the agents were started before")
        self._lease = await self._client.lease(
            self.user_session_id, len(self._configs), pool=self._pool, ttl=self._ttl, wait=self._wait,
            agents=self._names)
        self._held = self._lease
        try:
            self._lease.record = await drive(self._starting())
        except BaseException:
            await self.stop()
            raise
        return self.agent_urls

    async def stop(self) -> None:
        """Stops the agents and their children, and releases the ports. Stopping twice does nothing."""
        if self._lease is None:
            return
        self._lease._hold.check_process()
        await drive(self._stopping())
        await self._lease.release()

    async def __aenter__(self) -> A2AAgentManager:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lease is None or not self._lease._hold.is_ours:
            return
        await drive(self._stopping())
        await self._lease.__aexit__(kind, error, trace)
