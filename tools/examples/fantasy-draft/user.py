"""Users, and how it shows that they do not notice each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from checks import expect, tell
from league import BINDINGS, League, Thought
from traffic import Traffic


class User:
    """A user with a league, who keeps asking the agents on both ways."""

    def __init__(self, league: League) -> None:
        self.league = league
        self.name = league.user
        self.routed = Traffic(league, league.routed, "through the router")
        self.direct = Traffic(league, league.direct, "direct")

    async def hang_up(self) -> None:
        """Stops asking, and closes all connections."""
        await self.routed.stop()
        await self.direct.stop()
        await self.league.close()


async def all_go_on(users: Iterable[User]) -> None:
    """Waits for two further rounds of everybody on both ways. Raises Failed where a request has failed."""
    await asyncio.gather(*(traffic.goes_on() for user in users for traffic in (user.routed, user.direct)))


@asynccontextmanager
async def undisturbed(users: Sequence[User], what: str) -> AsyncIterator[None]:
    """What happens in the block is nothing to these users: their streams that are open go on, each of their requests has
    its answer before, meanwhile and afterwards, and their agents are the same processes."""
    thoughts = [await Thought(user.league.routed, "team-2", BINDINGS[1]).begin() for user in users]
    pids = [dict(user.league.pids) for user in users]
    yield
    for thought in thoughts:
        await thought.end()
    await all_go_on(users)
    for user, before in zip(users, pids):
        await user.league.refresh()
        expect(user.league.pids == before, f"{user.name}'s agents are other processes after {what}")
    tell(f"   {' and '.join(user.name for user in users)} did not notice: {len(thoughts)} open streams, no failure")
