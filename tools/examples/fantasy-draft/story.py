"""The story of README.md in chapters, each of which checks what it tells."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack

from a2a.client import AgentCardResolutionError
from a2a.client.errors import A2AClientError
from berth_client.aio import AgentSession, Client

from checks import Failed, eventually, expect, tell
from league import AGENTS, BINDINGS, League, Line, Thought
from own_daemon import USER, OwnDaemon, is_bindable
from traffic import Traffic
from user import User, all_go_on, undisturbed


async def refused(league: League, token: str | None, status: int) -> None:
    """Whoever comes to the router with this token is not led to the league's agents, but told this status."""
    line = Line(league.session.agent_urls, token)
    for agent in AGENTS:
        try:
            await line.card(agent)
            raise Failed(f"{league.user}'s {agent} answers somebody who should be told {status}")
        except AgentCardResolutionError as refusal:
            expect(refusal.status_code == status, f"who should be told {status} is told: {refusal}")
    await line.close()


class Story:
    """The chapters, in the order in which they are told."""

    def __init__(self, daemon: OwnDaemon, names: Sequence[str]) -> None:
        self.daemon = daemon
        self.names = names
        self.users: list[User] = []
        self.traffic: list[Traffic] = []

    def others(self, *victims: User) -> list[User]:
        return [user for user in self.users if user not in victims]

    async def everybody_comes(self, stack: AsyncExitStack) -> None:
        """All sessions start at once, each with six processes on ports of its own."""
        tell(f"{', '.join(self.names)} open their sessions, all at once; ports {self.daemon.pool[0]} to "
             f"{self.daemon.pool[-1]}, router {self.daemon.router}")
        client = Client(socket=self.daemon.socket)

        async def come(name: str) -> AgentSession:
            session: AgentSession = await stack.enter_async_context(client.create_agent_session(
                name, template="fantasy-draft", variables={"league": League.name(name)}, ttl=300))
            return session

        for name, session in zip(self.names, await asyncio.gather(*map(come, self.names))):
            user = User(League(name, session))
            stack.push_async_callback(user.hang_up)
            self.users.append(user)
            self.traffic += [user.routed, user.direct]
            ports = sorted(user.league.ports.values())
            tell(f"   {name}: ports {ports[0]} to {ports[-1]}, PIDs {' '.join(map(str, user.league.pids.values()))}")
        ports = [port for user in self.users for port in user.league.ports.values()]
        pids = {pid for user in self.users for pid in user.league.pids.values()}
        wanted = len(AGENTS) * len(self.names)
        expect(len(set(ports)) == wanted and set(ports) <= set(self.daemon.pool), f"the ports are {sorted(ports)}")
        expect(self.daemon.agents() == dict.fromkeys(pids, USER), f"{pids} should run, as {USER}: {self.daemon.agents()}")

    async def everybody_talks(self) -> None:
        """Cards, both bindings, streams, and tokens: through the router, with the SDK's own client."""
        tell("Everybody talks to each agent through the router: its card, JSON-RPC and REST, unary and streamed")
        await asyncio.gather(*(self._talks(user.league, agent) for user in self.users for agent in AGENTS))
        one, other = self.users[0].league, self.users[1].league
        await refused(one, None, 401)
        await refused(one, other.session.token, 401)
        tell(f"   {6 * len(self.users)} agents answered, {12 * len(self.users)} streams came piece by piece; "
             f"{other.user}'s token opens none of {one.user}'s agents")

    async def _talks(self, league: League, agent: str) -> None:
        card = await league.routed.card(agent)
        urls = [interface.url for interface in card.supported_interfaces]
        public = league.session.agent_urls[agent]
        expect(public.startswith(self.daemon.router), f"{agent} is said to be at {public}")
        expect(card.name == agent and urls == [public, f"{public}rest"], f"{card.name}'s card tells {urls}")
        for binding in BINDINGS:
            league.check(agent, await league.routed.ask(agent, "who", binding))
            thought = await Thought(league.routed, agent, binding).begin()
            await thought.end()

    async def everybody_drafts(self) -> None:
        """Each league has a board of its own, which its agents fill by talking to each other."""
        tell("Everybody drafts; a commissioner asks the teams, they ask the scout, and he asks the commissioner")

        async def draft(user: User, rounds: int) -> dict[str, str]:
            league, favourite = user.league, f"{user.name.title()} Junior"
            board = {favourite: "team-1"}
            await league.routed.ask("commissioner", f"draft team-1 {favourite}")
            for _ in range(rounds):
                async for pick in league.routed.stream("commissioner", "round"):
                    board[pick.facts["player"]] = pick.facts["team"]
            expect(len(board) == 1 + 4 * rounds, f"{rounds} rounds are no {board}")
            return board

        boards = await asyncio.gather(*(draft(user, number) for number, user in enumerate(self.users, start=1)))
        for user, board in zip(self.users, boards):
            expect(await user.league.board() == board, f"{user.name}'s board is not {board}")
            tell(f"   {user.name}: {len(board)} picks, {next(iter(board))} among them")

    async def agent_is_killed(self, user: User) -> None:
        """One agent dies; it comes back on its port, and the rest of its session lives on."""
        league, before = user.league, dict(user.league.pids)
        tell(f"kill -9 {before['team-1']}: {user.name}'s team-1")
        async with undisturbed(self.others(user), f"the death of {user.name}'s team-1"):
            with user.routed.excused_while(["team-1"]), user.direct.excused_while(["team-1"]):
                cut = await Thought(league.routed, "team-1").begin()
                os.kill(before["team-1"], signal.SIGKILL)
                await cut.breaks()
                await self._comes_back(league, {"team-1": before["team-1"]})
            await all_go_on([user])
        expect(league.pids | {"team-1": 0} == before | {"team-1": 0}, f"{user.name}'s other agents changed, too")
        roster = await league.routed.ask("team-1", "roster")
        league.check("team-1", roster)
        mine = [player for player, team in (await league.board()).items() if team == "team-1"]
        expect(sorted(roster.facts["roster"]) == sorted(mine) != [], f"team-1 has {roster.text}, the board {mine}")
        tell(f"   it is back on port {league.ports['team-1']} as PID {league.pids['team-1']}, and has its "
             f"{len(mine)} players from the commissioner")

    async def session_is_killed(self, user: User) -> None:
        """All six of a session die at once, and all come back on their ports."""
        league, before = user.league, dict(user.league.pids)
        tell(f"kill -9 {' '.join(map(str, before.values()))}: all of {user.name}'s")
        async with undisturbed(self.others(user), f"the death of {user.name}'s agents"):
            with user.routed.excused_while(), user.direct.excused_while():
                for pid in before.values():
                    os.kill(pid, signal.SIGKILL)
                await self._comes_back(league, before)
            await all_go_on([user])
        expect(await league.board() == {}, "the new commissioner's board is the old one")
        async for _ in league.routed.stream("commissioner", "round"):
            pass
        expect(len(await league.board()) == 4, "a round is four picks")
        tell(f"   {user.name}'s six are back on their ports, PIDs {' '.join(map(str, league.pids.values()))}, with a new draft")

    async def _comes_back(self, league: League, dead: dict[str, int]) -> None:
        """Waits until these agents are other processes and answer again."""

        async def is_back() -> bool:
            await league.refresh()
            if any(league.pids[agent] in (0, pid) for agent, pid in dead.items()):
                return False
            try:
                for agent in dead:
                    league.check(agent, await league.routed.ask(agent, "who"))
            except (A2AClientError, Failed):
                return False
            return True

        await eventually(f"{league.user}'s {', '.join(dead)} answer again", is_back)

    async def daemon_is_killed(self) -> None:
        """Agents do not need the daemon; the next one takes them over."""
        boards = [await user.league.board() for user in self.users]
        pids = [dict(user.league.pids) for user in self.users]
        thoughts = [await Thought(user.league.direct, "scout").begin() for user in self.users]
        tell("kill -9 of the daemon itself")
        with ExitStack() as excuses:
            for user in self.users:
                excuses.enter_context(user.routed.excused_while())
            self.daemon.kill()
            await self._goes_on_without(boards, thoughts)
            await self.daemon.start()
        await all_go_on(self.users)
        for user, before, board in zip(self.users, pids, boards):
            await user.league.refresh()
            expect(user.league.pids == before, f"{user.name}'s agents were {before}, and are {user.league.pids}")
            expect(user.league.session.phase == "running", f"{user.name}'s session is {user.league.session.phase}")
            expect(await user.league.board() == board, f"{user.name}'s board was {board}")
        tell("   the next daemon has taken them over: the same PIDs, the same boards, the same tokens")

    async def _goes_on_without(self, boards: list[dict[str, str]], thoughts: list[Thought]) -> None:
        """While there is no daemon: the streams that are open end, and new picks come onto the boards."""
        await asyncio.gather(*(user.direct.goes_on() for user in self.users))
        for user, board, thought in zip(self.users, boards, thoughts):
            try:
                await user.league.routed.ask("scout", "who")
                raise Failed("the router answers without its daemon")
            except A2AClientError:
                pass  # nobody listens there
            await thought.end()
            pick = await user.league.direct.ask("team-3", "pick")
            board[pick.facts["player"]] = "team-3"
            expect(await user.league.board(user.league.direct) == board, f"{user.name}'s board is not {board}")
        tell("   the router is gone; at their own URLs all agents answer, and draft on")

    async def session_ends(self, user: User) -> None:
        """Who leaves takes nobody along."""
        tell(f"{user.name} leaves")
        async with undisturbed(self.others(user), f"{user.name} left"):
            with user.routed.excused_while(), user.direct.excused_while():
                await user.league.session.end()
                await user.hang_up()
            await self._nothing_is_left_of(user)
            await refused(user.league, user.league.session.token, 401)
        tell(f"   {user.name}'s agents are gone, the ports are free, and the router knows no such session")
        self.users.remove(user)

    async def _nothing_is_left_of(self, user: User) -> None:
        alive = set(user.league.pids.values()) & self.daemon.agents().keys()
        expect(not alive, f"{user.name}'s session has ended, and {alive} live")
        for port in user.league.ports.values():
            state = (await self.daemon.tell(f"/v1/ports/{port}"))["state"]
            expect(state == "free" and is_bindable(port), f"port {port} of {user.name}'s is {state}, or bound")

    async def everybody_leaves(self) -> None:
        """At the end nothing is left but the history, and that is whole."""
        tell("Everybody leaves")
        for user in self.users:
            await user.hang_up()
        await asyncio.gather(*(user.league.session.end() for user in self.users))
        for user in self.users:
            await self._nothing_is_left_of(user)
        expect(not self.daemon.agents(), f"there are still {self.daemon.agents()}")
        pool = await self.daemon.tell("/v1/pools/default")
        expect(pool["leased"] == pool["quarantined"] == 0, f"the pool is not free: {pool}")
        expect(pool["free"] + pool["foreign"] == len(self.daemon.pool), f"the pool has lost ports: {pool}")
        audit = await self.daemon.tell("/v1/audit/verify")
        expect(audit["valid"], f"the audit is not whole: {audit}")
        tell(f"   no process, no lease; berth audit verify: {self.daemon.command('audit', 'verify')}")
        answers = sum(traffic.answers for traffic in self.traffic)
        excused = sum(traffic.excused for traffic in self.traffic)
        tell(f"   {answers} answers meanwhile, each from the process it was meant for; {excused} requests failed, all of "
             "them to what had been killed or ended")
