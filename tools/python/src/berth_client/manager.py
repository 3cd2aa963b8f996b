"""Agents of a user's session as subprocesses of this one, on ports that nobody else has."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ._agents import AgentConfig
from ._crew import Crew
from ._http import drive
from .client import Client
from .leases import Lease


class A2AAgentManager(Crew[Client]):
    """Leases a block for one user's agents, starts them in it, stops them, and gives the ports back.

    A subclass lists its agents in ``AGENT_CONFIGS``, or they are given as ``configs``. As many users as the daemon's
    pool and ``max_sessions`` allow have their agents at once: one too many is SessionLimit or PoolExhausted, or with
    ``wait`` stands in line.
    """

    _lease: Lease | None = None

    def _new_client(self) -> Client:
        return Client()

    @property
    def lease(self) -> Lease:
        """The block, which is leased at the first look."""
        if self._lease is None:
            self._lease = self._client.lease(
                self.user_session_id, len(self._configs), pool=self._pool, ttl=self._ttl, wait=self._wait,
                agents=self._names)
            self._held = self._lease
        return self._lease

    @property
    def port_range(self) -> range:
        """The ports, one for each agent; they are leased at the first look."""
        _ = self.lease
        return self._range()

    @property
    def agent_urls(self) -> dict[str, str]:
        """Where each agent listens, by its name."""
        _ = self.lease
        return super().agent_urls

    @property
    def agent_configs(self) -> list[dict[str, Any]]:
        """The configurations, each with its ``port`` and ``url``."""
        _ = self.lease
        return super().agent_configs

    def start(self) -> dict[str, str]:
        """Starts the agents, waits until all of them listen, and returns their URLs.

        Raises AgentFailed, with everything stopped and released, where one does not come up.
        """
        if self._agents:
            raise RuntimeError("the agents were started before")
        lease = self.lease
        try:
            lease.record = drive(self._starting())
        except BaseException:
            self.stop()
            raise
        return self.agent_urls

    def stop(self) -> None:
        """Stops the agents and their children, and releases the ports. Stopping twice does nothing."""
        if self._lease is None:
            return
        self._lease._hold.check_process()
        drive(self._stopping())
        self._lease.release()

    def __enter__(self) -> A2AAgentManager:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lease is None or not self._lease._hold.is_ours:
            return
        drive(self._stopping())
        self._lease.__exit__(kind, error, trace)


__all__ = ["A2AAgentManager", "AgentConfig"]
