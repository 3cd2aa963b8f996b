"""What users do all the time while things are killed: they ask their agents, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from checks import Failed, eventually
from league import AGENTS, League, Line

#: Between two requests: users think, and the machine is not theirs alone.
PAUSE = 0.05


class Traffic:
    """Requests of one user on one line, unary and streamed in turns; each answer must be from the right process."""

    def __init__(self, league: League, line: Line, way: str) -> None:
        self._league, self._line = league, line
        self._name = f"{league.user} ({way})"
        self._task = asyncio.create_task(self._run())
        self._rounds = 0
        #: The agents that may fail to answer.
        self._excused: frozenset[str] = frozenset()
        #: How many answers were right.
        self.answers = 0
        #: How many requests failed where they may.
        self.excused = 0
        self._faults: list[str] = []

    async def _run(self) -> None:
        while True:
            for agent in AGENTS:
                await self._ask(agent, streaming=self._rounds % 2 == 1)
                await asyncio.sleep(PAUSE)
            self._rounds += 1

    async def _ask(self, agent: str, streaming: bool) -> None:
        was_excused = self._excused
        try:
            self._league.check(agent, await self._line.ask(agent, "who", streaming=streaming))
            self.answers += 1
        except Exception as error:  # whatever a client can raise, the user has no answer
            if agent in was_excused | self._excused:
                self.excused += 1
            else:
                self._faults.append(f"{agent}: {type(error).__name__}: {error}")

    @contextmanager
    def excused_while(self, agents: Iterable[str] = AGENTS) -> Iterator[None]:
        """Requests to these agents that are under way in the block may fail."""
        self._excused = frozenset(agents)
        try:
            yield
        finally:
            self._excused = frozenset()

    async def goes_on(self) -> None:
        """Waits for two further rounds through all agents. Raises Failed where a request has failed since the start."""
        target = self._rounds + 3  # the round that is under way does not count

        async def is_there() -> bool:
            return bool(self._faults) or self._rounds >= target

        await eventually(f"{self._name} has asked everybody twice", is_there)
        if self._faults:
            raise Failed(f"{self._name} noticed something: {'; '.join(self._faults[:3])}")

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
