"""Sessions of real agents, for asyncio."""

from __future__ import annotations

from types import TracebackType

from .. import _requests
from .._holding import Attempt, log
from ..errors import ConnectionLost, NoAnswer, NoDaemon
from ..sessions import SessionState
from ._http import drive
from ._keeping import Keeper


class AgentSession(SessionState):
    """A running session. In an ``async with`` block its TTL is renewed, and it is ended with the block."""

    _keeper: Keeper | None = None

    async def _learn(self, attempt: Attempt) -> None:
        self._note(attempt)

    async def refresh(self) -> None:
        """Asks how the session is now."""
        self._take(await drive(_requests.show_session(self._core, self.name)))

    async def renew(self, ttl: int | None = None) -> None:
        """Counts the TTL again, or another one from now on."""
        await drive(_requests.renew_session(self._core, self.name, ttl if ttl is not None else self._ttl))

    async def log(self, agent: str, tail: int | None = None) -> str:
        """What an agent wrote, or its last bytes."""
        return await drive(_requests.agent_log(self._core, self.name, agent, tail))

    async def end(self) -> None:
        """Stops the agents and gives their ports back. Ending twice does nothing."""
        if self._hold is not None:
            self._hold.check_process()
            self._hold.is_ending = True
        if self._is_over or self._loss is not None:
            return
        await drive(_requests.end_session(self._core, self.name))
        self._is_over = True
        if self._hold is not None:
            self._hold.conclude()
        if self._keeper is not None:
            self._keeper.stop()

    async def __aenter__(self) -> AgentSession:
        self._keeper = Keeper(self, self._new_hold())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hold is not None and not self._hold.is_ours:
            return
        try:
            await self.end()
        except (NoDaemon, ConnectionLost, NoAnswer) as failure:
            log.warning("session %s is not ended yet: %s", self.name, failure)
        self._check_loss(error)
