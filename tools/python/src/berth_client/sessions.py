"""Sessions of real agents, which the daemon starts from a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from . import _requests
from ._core import Core
from ._holding import Attempt, Hold, SessionTerms, Terms, log
from ._http import drive
from ._keeping import Keeper
from .errors import ConnectionLost, LeaseLost, NoAnswer, NoDaemon
from .models import SessionAgent


class SessionState(Mapping[str, Any]):
    """A session as the daemon described it last, with its members as attributes and as a mapping's."""

    _terms: Terms

    def __init__(self, core: Core, value: Mapping[str, Any], ttl: int | None) -> None:
        self._core = core
        self._value = dict(value)
        self._ttl = ttl
        self._is_over = False
        self._loss: str | None = None
        self._hold: Hold | None = None

    @property
    def name(self) -> str:
        return str(self._value["name"])

    @property
    def lease_id(self) -> int | None:
        """None while it sleeps without its ports."""
        lease: int | None = self._value.get("lease_id")
        return lease

    @property
    def phase(self) -> str | None:
        """``starting``, ``running``, ``asleep`` or ``stopping``; None once it has ended."""
        phase: str | None = self._value.get("phase")
        return phase

    @property
    def agents(self) -> list[SessionAgent]:
        """In the template's order."""
        return [SessionAgent.read(agent) for agent in self._value["agents"]]

    @property
    def agent_urls(self) -> dict[str, str]:
        """Where each agent is reached."""
        return dict(self._value["agent_urls"])

    @property
    def token(self) -> str | None:
        """What the router lets in to this session, as ``Authorization: Bearer``; None where there is no router."""
        token = self._value.get("token")
        return None if token is None else str(token)

    def __getitem__(self, member: str) -> Any:
        return self._value[member]

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    # Two sessions are two things, even where they are described alike.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self._value.get('phase')}>"

    def _new_hold(self) -> Hold:
        core, name = self._core, self.name
        self._terms = SessionTerms(core, name, self._ttl)
        self._hold = Hold(f"session {name}", lambda timeout: _requests.end_session(core, name, timeout))
        return self._hold

    def _take(self, value: Mapping[str, Any]) -> None:
        # The token is told once, in the answer to the session's start.
        self._value = {"token": self.token, **value} if self.token is not None else dict(value)

    def _note(self, attempt: Attempt) -> None:
        if attempt.loss is None:
            return
        self._loss = attempt.loss
        if self._hold is not None:
            self._hold.conclude()

    def _check_loss(self, error: BaseException | None) -> None:
        if self._loss is not None and error is None:
            raise LeaseLost(f"session {self.name} was lost: {self._loss}", facts={"lease_id": self.lease_id})


class AgentSession(SessionState):
    """A running session. In a ``with`` block its TTL is renewed, and it is ended with the block."""

    _keeper: Keeper | None = None

    def _learn(self, attempt: Attempt) -> None:
        self._note(attempt)

    def refresh(self) -> None:
        """Asks how the session is now."""
        self._take(drive(_requests.show_session(self._core, self.name)))

    def renew(self, ttl: int | None = None) -> None:
        """Counts the TTL again, or another one from now on."""
        drive(_requests.renew_session(self._core, self.name, ttl if ttl is not None else self._ttl))

    def log(self, agent: str, tail: int | None = None) -> str:
        """What an agent wrote, or its last bytes."""
        return drive(_requests.agent_log(self._core, self.name, agent, tail))

    def end(self) -> None:
        """Stops the agents and gives their ports back. Ending twice does nothing."""
        if self._hold is not None:
            self._hold.check_process()
            self._hold.is_ending = True
        if self._is_over or self._loss is not None:
            return
        drive(_requests.end_session(self._core, self.name))
        self._is_over = True
        if self._hold is not None:
            self._hold.conclude()
        if self._keeper is not None:
            self._keeper.stop()

    def __enter__(self) -> AgentSession:
        self._keeper = Keeper(self, self._new_hold())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hold is not None and not self._hold.is_ours:
            return
        try:
            self.end()
        except (NoDaemon, ConnectionLost, NoAnswer) as failure:
            log.warning("session %s is not ended yet: %s", self.name, failure)
        self._check_loss(error)
