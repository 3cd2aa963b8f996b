"""A user's league: the session of six agents, and the A2A SDK's own clients for them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientError
from a2a.helpers import get_data_parts, get_text_parts, new_text_message
from a2a.types import AgentCard, Part, Role, SendMessageRequest, StreamResponse, TaskState
from berth_client.aio import AgentSession

from checks import DEADLINE, Failed, expect

AGENTS = ("commissioner", "scout", "team-1", "team-2", "team-3", "team-4")
#: Both HTTP bindings of A2A.
BINDINGS = ("JSONRPC", "HTTP+JSON")


@dataclass(frozen=True)
class Said:
    """A part of an answer: its text, and its data."""

    text: str
    facts: Mapping[str, Any]


class Line:
    """A way to a session's agents: the router's URLs with the session's token, or the agents' own."""

    def __init__(self, urls: Mapping[str, str], token: str | None = None) -> None:
        self._urls = urls
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(headers=headers, timeout=DEADLINE, trust_env=False)
        self._clients: dict[tuple[str, str, bool], Client] = {}

    async def card(self, agent: str) -> AgentCard:
        """The agent's card as it is told on this line."""
        return await A2ACardResolver(self._http, self._urls[agent]).get_agent_card()

    async def ask(self, agent: str, words: str, binding: str = "JSONRPC", streaming: bool = False) -> Said:
        """The last part of the answer to a message."""
        said = [part async for part in self.stream(agent, words, binding, streaming)]
        return said[-1]

    async def stream(
        self, agent: str, words: str, binding: str = "JSONRPC", streaming: bool = True
    ) -> AsyncGenerator[Said, None]:
        """The parts of the answer to a message, as they come. A task among them must end well."""
        client = await self._client(agent, binding, streaming)
        state = None
        async for event in client.send_message(
            SendMessageRequest(message=new_text_message(words, role=Role.ROLE_USER))
        ):
            state = state_of(event, state)
            for parts in parts_of(event):
                yield Said(" ".join(get_text_parts(parts)), get_data_parts(parts)[0])
        expect(state in (None, TaskState.TASK_STATE_COMPLETED), f"{agent} left '{words}' unfinished")

    async def _client(self, agent: str, binding: str, streaming: bool) -> Client:
        key = (agent, binding, streaming)
        if key not in self._clients:
            config = ClientConfig(
                streaming=streaming, httpx_client=self._http, supported_protocol_bindings=[binding])
            self._clients[key] = ClientFactory(config).create(await self.card(agent))
        return self._clients[key]

    async def close(self) -> None:
        await self._http.aclose()


def parts_of(event: StreamResponse) -> list[list[Part]]:
    """What an event says: a message once, a task as often as it has artifacts."""
    if event.HasField("message"):
        return [list(event.message.parts)]
    if event.HasField("artifact_update"):
        return [list(event.artifact_update.artifact.parts)]
    return [list(artifact.parts) for artifact in event.task.artifacts]


def state_of(event: StreamResponse, before: TaskState | None) -> TaskState | None:
    """The task's state after an event; None while there is no task."""
    if event.HasField("task"):
        return event.task.status.state
    return event.status_update.status.state if event.HasField("status_update") else before


class Thought:
    """A stream that is open until it is ended: the agent says its last word only when somebody nods."""

    _numbers = itertools.count(1)

    def __init__(self, line: Line, agent: str, binding: str = "JSONRPC") -> None:
        self._line, self._agent, self._key = line, agent, f"thought-{next(self._numbers)}"
        self._parts = line.stream(agent, f"think {self._key}", binding)

    async def begin(self) -> Thought:
        """Returns when the first word has come. The agent has not written the last one then, for nobody has nodded."""
        first = await anext(self._parts)
        expect(first.text == "hm …", f"{self._agent} begins with '{first.text}'")
        return self

    async def breaks(self) -> None:
        """Returns when the stream has broken off: nobody is there any more to say the rest."""
        try:
            rest = [part.text async for part in self._parts]
        except A2AClientError:
            return
        raise Failed(f"{self._agent} is dead, and its stream ends with {rest}")

    async def end(self) -> None:
        """Nods, and hears the rest."""
        await self._line.ask(self._agent, f"nod {self._key}")
        async with aclosing(self._parts) as parts:
            rest = [part.text async for part in parts]
        expect(rest == ["yes, that one"], f"{self._agent}'s stream ends with {rest}")


class League:
    """What a user has: a session, and two ways to its agents."""

    def __init__(self, user: str, session: AgentSession) -> None:
        self.user, self.session = user, session
        self.ports = {agent.name: agent.port or 0 for agent in session.agents}
        self.pids = {agent.name: agent.pid or 0 for agent in session.agents}
        self.routed = Line(session.agent_urls, session.token)
        self.direct = Line({name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()})

    @staticmethod
    def name(user: str) -> str:
        """What a user calls the league."""
        return f"{user}-league"

    async def refresh(self) -> None:
        """Learns from Berth what runs now. The ports are the session's for its life."""
        await self.session.refresh()
        self.pids = {agent.name: agent.pid or 0 for agent in self.session.agents}
        ports = {agent.name: agent.port for agent in self.session.agents}
        expect(ports == self.ports, f"{self.user} had the ports {self.ports} and now has {ports}")

    def check(self, agent: str, said: Said) -> None:
        """Raises Failed unless the answer is from that very process of this league."""
        wanted = {
            "agent": agent, "league": self.name(self.user), "session": self.user, "port": self.ports[agent],
            "pid": self.pids[agent]}
        told = {name: said.facts[name] for name in wanted}
        expect(told == wanted, f"{self.user} asked {wanted}, and {told} answered")

    async def board(self, line: Line | None = None) -> dict[str, str]:
        """Who has picked whom."""
        said = await (line or self.routed).ask("commissioner", "board")
        self.check("commissioner", said)
        return dict(said.facts["board"])

    async def close(self) -> None:
        await self.routed.close()
        await self.direct.close()
