"""One of the six agents of a fantasy draft, on the A2A SDK:  BERTH_AGENT=scout PORT=20001 LEAGUE=demo agents.py

Berth starts it and tells it in the environment who it is: BERTH_AGENT, BERTH_SESSION, PORT, the league, and where its
peers are (COMMISSIONER_URL, SCOUT_URL, TEAM_1_URL …). What it knows it keeps in memory.

Each answer is a text for people and data for programs; the data say who answered: agent, league, session, pid and port.
Everybody knows `who`, `think KEY` and `nod KEY`; `think` is a stream that goes on at the nod. The commissioner knows
`board`, `draft TEAM PLAYER` and the stream `round`, in which each team picks once; the scout `best`; a team `pick` and
`roster`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx
import uvicorn
from a2a.client import Client, ClientConfig, ClientFactory
from a2a.helpers import get_data_parts, new_data_part, new_message, new_task_from_user_message, new_text_message
from a2a.helpers import new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Part, Role, SendMessageRequest
from a2a.utils.errors import InvalidParamsError
from starlette.applications import Starlette

TEAMS = ("team-1", "team-2", "team-3", "team-4")
#: The scout's opinion, best first.
PLAYERS = tuple(f"{first} {last}" for last in ("Archer", "Boone", "Cole", "Dash", "Ember", "Flint")
                for first in ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn"))
#: How long a thought waits for a nod, and a request for a peer: both are there to find what hangs.
PATIENCE = 60.0
#: A server that closes idle connections before its clients do closes some in which a request is under way.
KEEP_ALIVE_SECONDS = 75


@dataclass(frozen=True)
class Identity:
    """Who this process is."""

    agent: str
    league: str
    session: str
    port: int
    pid: int = field(default_factory=os.getpid)

    @classmethod
    def of_environment(cls) -> Identity:
        of = os.environ
        return cls(of["BERTH_AGENT"], of["LEAGUE"], of["BERTH_SESSION"], int(of["PORT"]))


@dataclass(frozen=True)
class Answer:
    """A text for people, and facts for programs."""

    text: str
    facts: dict[str, Any] = field(default_factory=dict)


class Peers:
    """The other agents of the session, at the URLs that the template gives."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=PATIENCE, trust_env=False)
        self._clients: dict[str, Client] = {}

    async def ask(self, agent: str, words: str) -> dict[str, Any]:
        """The facts of a peer's answer."""
        if agent not in self._clients:
            url = os.environ[agent.upper().replace("-", "_") + "_URL"]
            factory = ClientFactory(ClientConfig(streaming=False, httpx_client=self._http))
            self._clients[agent] = await factory.create_from_url(url)
        request = SendMessageRequest(message=new_text_message(words, role=Role.ROLE_USER))
        facts: dict[str, Any] = {}
        async for event in self._clients[agent].send_message(request):
            facts = get_data_parts(event.message.parts)[0]
        return facts


class DraftAgent:
    """What all six can do."""

    description = "Takes part in a fantasy draft."

    def __init__(self, identity: Identity, peers: Peers) -> None:
        self.identity = identity
        self.peers = peers
        self._nods: dict[str, asyncio.Event] = {}

    async def answer(self, words: str) -> Answer:
        """The answer to a request. Raises InvalidParamsError for one that this agent does not know."""
        verb, _, rest = words.partition(" ")
        if verb == "who":
            return Answer(f"{self.identity.agent} of league {self.identity.league}")
        if verb == "nod":
            self._nod(rest).set()
            return Answer("so be it")
        raise InvalidParamsError(message=f"{self.identity.agent} knows no '{verb}'")

    def stream(self, words: str) -> AsyncIterator[Answer] | None:
        """The answer's parts as they come, or None for a request that has its answer at once."""
        verb, _, rest = words.partition(" ")
        return self._think(rest) if verb == "think" else None

    def _nod(self, key: str) -> asyncio.Event:
        return self._nods.setdefault(key, asyncio.Event())

    async def _think(self, key: str) -> AsyncIterator[Answer]:
        yield Answer("hm …")
        await asyncio.wait_for(self._nod(key).wait(), PATIENCE)
        del self._nods[key]
        yield Answer("yes, that one")


class Commissioner(DraftAgent):
    """Keeps the board: who has picked whom."""

    description = "Keeps the board of the draft and calls its rounds."

    def __init__(self, identity: Identity, peers: Peers) -> None:
        super().__init__(identity, peers)
        self._board: dict[str, str] = {}

    async def answer(self, words: str) -> Answer:
        verb, _, rest = words.partition(" ")
        if verb == "board":
            return Answer(", ".join(f"{player}: {team}" for player, team in self._board.items()), {"board": self._board})
        if verb == "draft":
            team, _, player = rest.partition(" ")
            holder = self._board.setdefault(player, team)
            return Answer(f"{player} is with {holder}", {"accepted": holder == team})
        return await super().answer(words)

    def stream(self, words: str) -> AsyncIterator[Answer] | None:
        return self._round() if words == "round" else super().stream(words)

    async def _round(self) -> AsyncIterator[Answer]:
        for team in TEAMS:
            pick = await self.peers.ask(team, "pick")
            yield Answer(f"{team} picks {pick['player']}", {"team": team, "player": pick["player"]})


class Scout(DraftAgent):
    """Knows the players."""

    description = "Knows the players, and who of them is left."

    async def answer(self, words: str) -> Answer:
        if words != "best":
            return await super().answer(words)
        board = (await self.peers.ask("commissioner", "board"))["board"]
        left = [player for player in PLAYERS if player not in board]
        return Answer(f"{len(left)} are left", {"players": left})


class Team(DraftAgent):
    """Picks for its owner."""

    description = "Picks players for its owner."

    async def answer(self, words: str) -> Answer:
        if words == "pick":
            return await self._pick()
        if words == "roster":
            board = (await self.peers.ask("commissioner", "board"))["board"]
            mine = [player for player, team in board.items() if team == self.identity.agent]
            return Answer(", ".join(mine), {"roster": mine})
        return await super().answer(words)

    async def _pick(self) -> Answer:
        for player in (await self.peers.ask("scout", "best"))["players"]:
            if (await self.peers.ask("commissioner", f"draft {self.identity.agent} {player}"))["accepted"]:
                return Answer(f"I pick {player}", {"player": player})
        raise InvalidParamsError(message="no player is left")


class Executor(AgentExecutor):
    """The SDK's side of an agent: a message for an answer, a task with artifacts for a stream."""

    def __init__(self, agent: DraftAgent) -> None:
        self._agent = agent

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        words = context.get_user_input().strip()
        answers = self._agent.stream(words)
        if answers is None:
            answer = await self._agent.answer(words)
            await event_queue.enqueue_event(
                new_message(self._parts(answer), context_id=context.context_id))
            return
        assert context.message is not None, "the SDK executes messages alone"
        task = new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        async for answer in answers:
            await updater.add_artifact(self._parts(answer), name=words)
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        assert context.task_id and context.context_id, "only a task is cancelled"
        await TaskUpdater(event_queue, context.task_id, context.context_id).cancel()

    def _parts(self, answer: Answer) -> list[Part]:
        return [new_text_part(answer.text), new_data_part(asdict(self._agent.identity) | answer.facts)]


def card(agent: DraftAgent) -> AgentCard:
    """The card, with this process's own address in it; through Berth's router it tells the router's."""
    me = agent.identity
    here = f"http://127.0.0.1:{me.port}"
    return AgentCard(
        name=me.agent, description=agent.description, version="1.0.0",
        supported_interfaces=[
            AgentInterface(url=f"{here}/", protocol_binding="JSONRPC", protocol_version="1.0"),
            AgentInterface(url=f"{here}/rest", protocol_binding="HTTP+JSON", protocol_version="1.0"),
        ],
        capabilities=AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"], default_output_modes=["text/plain", "application/json"],
        skills=[AgentSkill(id="draft", name="Draft", description=agent.description, tags=["fantasy football"])])


def application(agent: DraftAgent) -> Starlette:
    """The agent behind both of the SDK's HTTP bindings."""
    described = card(agent)
    handler = DefaultRequestHandler(
        agent_executor=Executor(agent), task_store=InMemoryTaskStore(), agent_card=described)
    return Starlette(routes=[
        *create_agent_card_routes(described), *create_jsonrpc_routes(handler, "/"),
        *create_rest_routes(handler, path_prefix="/rest")])


def main() -> None:
    identity = Identity.of_environment()
    kinds: dict[str, type[DraftAgent]] = {"commissioner": Commissioner, "scout": Scout}
    agent = kinds.get(identity.agent, Team)(identity, Peers())
    print(f"{identity.agent} of league {identity.league}, PID {identity.pid}, port {identity.port}", flush=True)
    uvicorn.run(
        application(agent), host="127.0.0.1", port=identity.port, log_level="warning", access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
